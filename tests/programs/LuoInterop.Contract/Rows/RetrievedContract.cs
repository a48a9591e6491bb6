using LuoInterop.Interop;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using Xunit;

namespace LuoInterop.Contract.Rows;

/// <summary>What comes back.</summary>
[Section(7, "What comes back", "mm/memfd_luo.c, mm/memfd.c")]
public static class RetrievedContract
{
    public static Scenario File_HasNoName_Mode0777_CloseOnExec_ReadWrite => Scenario
        .Of("A retrieved memfd has an empty name, mode 0777, the retriever as owner, is open for reading and writing, "
            + "close-on-exec, and unlinked.")
        .Kernel(static s =>
        {
            Memfd memfd = s.MemfdWith(4096, 70);
            Assert.Equal("/memfd:contract (deleted)", memfd.LinkText);
            Refused.Not(s.Kernel.FChmod(memfd.Handle, 0x180));
            LiveUpdateSession session = s.Create();
            session.Preserve(memfd, 1);
            session.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            Memfd memfd = s.Own(s.Retrieve().RetrieveMemfd(1));
            Memfd own = s.Own(Memfd.Create(s.Kernel, "own"));
            Assert.Equal("/ (deleted)", memfd.LinkText);
            FileStatus status = memfd.Status;
            Assert.Equal(0x81FFu, status.Mode);
            Assert.Equal((own.Status.UserId, own.Status.GroupId), (status.UserId, status.GroupId));
            Assert.Equal(0u, status.Links);
            Assert.Equal(LibC.FD_CLOEXEC, s.Kernel.Fcntl(memfd.Handle, FcntlHeader.F_GETFD));
            Assert.Equal(LibC.O_RDWR | FcntlHeader.O_LARGEFILE, s.Kernel.Fcntl(memfd.Handle, FcntlHeader.F_GETFL));
        });

    public static Scenario Position_OfAMemfdsStream_ComesBack => Scenario
        .Of("What Memfd.OpenStream has read or written moves the file's own position, which comes back; a FileStream over the "
            + "handle keeps its own, which does not.")
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Create();
            Memfd own = s.Own(Memfd.Create(s.Kernel, "own"));
            using (Stream stream = own.OpenStream())
            {
                stream.Write("read|to come"u8);
                stream.Position = 0;
                Assert.Equal("read|"u8, Bytes(stream, 5));
            }

            session.Preserve(own, 1);
            Memfd other = s.Own(Memfd.Create(s.Kernel, "other"));
            using var copy =
                new SafeFileHandle((nint)Refused.Not(s.Kernel.Fcntl(other.Handle, FcntlHeader.F_DUPFD_CLOEXEC)), ownsHandle: true);
            using (var stream = new FileStream(copy, FileAccess.ReadWrite))
            {
                stream.Write("written"u8);
                stream.Flush();
                Assert.Equal(7, stream.Position);
            }

            Assert.Equal((7, 0), (other.Size, other.Position));
            session.Preserve(other, 2);
            session.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Retrieve();
            Memfd own = s.Own(session.RetrieveMemfd(1));
            using Stream stream = own.OpenStream();
            Assert.Equal(5, stream.Position);
            Assert.Equal("to come"u8, Bytes(stream, 7));
            Assert.Equal(-1, stream.ReadByte());
            Assert.Equal(0, s.Own(session.RetrieveMemfd(2)).Position);
        });

    public static Scenario PositionAndOddSizes_AreExact => Scenario
        .Of("Size and position come back to the byte, the position as it was at the kexec, also past the end.")
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Create();
            foreach ((ulong token, long size, long position) in Cases)
            {
                Memfd memfd = s.MemfdWith(size, (int)token);
                memfd.Position = 1;
                session.Preserve(memfd, token);
                memfd.Position = position;
            }

            session.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Retrieve();
            foreach ((ulong token, long size, long position) in Cases)
            {
                Memfd memfd = s.Own(session.RetrieveMemfd(token));
                Assert.Equal(position, memfd.Position);
                Pattern.Verify(memfd, size, (int)token);
            }
        });

    public static Scenario EmptyMemfd_IsCarried => Scenario
        .Of("A memfd of size 0 goes over, with its position, and can grow again.")
        .Kernel(static s =>
        {
            Memfd memfd = s.Own(Memfd.Create(s.Kernel, "empty"));
            memfd.Position = 77;
            LiveUpdateSession session = s.Create();
            session.Preserve(memfd, 1);
            session.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            Memfd memfd = s.Own(s.Retrieve().RetrieveMemfd(1));
            Assert.Equal((0L, 77L, 0L), (memfd.Size, memfd.Position, memfd.Status.Blocks));
            memfd.Write(0, "grown"u8);
            Assert.Equal(5, memfd.Size);
        });

    public static Scenario Holes_ComeBackZeroedAndAllocated => Scenario
        .Of("Former holes read as zero and are allocated.")
        .Kernel(static s =>
        {
            Memfd memfd = s.Own(Memfd.Create(s.Kernel, "sparse", 6 << 20));
            memfd.Write((3 << 20) + 5, "island"u8);
            LiveUpdateSession session = s.Create();
            session.Preserve(memfd, 1);
            session.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            Memfd memfd = s.Own(s.Retrieve().RetrieveMemfd(1));
            Assert.Equal(6 << 11, memfd.Status.Blocks);
            byte[] expected = new byte[6 << 20];
            "island"u8.CopyTo(expected.AsSpan((3 << 20) + 5));
            byte[] actual = new byte[6 << 20];
            Assert.Equal(actual.Length, memfd.Read(0, actual));
            Assert.True(expected.AsSpan().SequenceEqual(actual));
        });

    public static Scenario Seals_ComeBackAsTheyWere => Scenario
        .Of("Every set of seals but one with F_SEAL_EXEC is the same afterwards; without ALLOW_SEALING it is F_SEAL_SEAL.")
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Create();
            for (int i = 0; i < SealSets.Length; i++)
            {
                Memfd memfd = s.MemfdWith(4096, i);
                memfd.AddSeals(SealSets[i]);
                session.Preserve(memfd, (ulong)i);
            }

            session.Preserve(s.MemfdWith(4096, 71, new MemfdOptions { AllowSealing = false }), 100);
            session.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Retrieve();
            for (int i = 0; i < SealSets.Length; i++)
            {
                Memfd memfd = s.Own(session.RetrieveMemfd((ulong)i));
                Assert.Equal(SealSets[i], memfd.Seals);
                Pattern.Verify(memfd, 4096, i);
                if ((SealSets[i] & (MemfdSeals.Write | MemfdSeals.FutureWrite)) != 0)
                {
                    Refused.With(Errno.EPERM, () => memfd.Write(0, "x"u8));
                }
                else
                {
                    memfd.Write(0, "x"u8);
                }

                if ((SealSets[i] & MemfdSeals.Seal) != 0)
                {
                    Refused.With(Errno.EPERM, () => memfd.AddSeals(MemfdSeals.Grow));
                }
                else
                {
                    memfd.AddSeals(MemfdSeals.Grow);
                    Refused.With(Errno.EPERM, () => memfd.SetSize(8192));
                }
            }

            Memfd unsealable = s.Own(session.RetrieveMemfd(100));
            Assert.Equal(MemfdSeals.Seal, unsealable.Seals);
            unsealable.SetSize(8192);
        });

    public static Scenario RetrievedFile_IsAnOrdinaryMemfd => Scenario
        .Of("After FINISH the file can grow, shrink, be punched, sealed and mapped like any other.")
        .Kernel(static s => s.HoldFiles((1, 1 << 20, 72)))
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Retrieve();
            Memfd memfd = s.Own(session.RetrieveMemfd(1));
            session.Finish();
            memfd.SetSize(2 << 20);
            memfd.PunchHole(0, 4096);
            byte[] page = new byte[4096];
            memfd.Read(0, page);
            Assert.Equal(new byte[4096], page);
            memfd.SetSize(4096);
            memfd.AddSeals(MemfdSeals.Write | MemfdSeals.Shrink | MemfdSeals.Grow);
        });

    public static Scenario HugeFolios_AreCarried => Scenario
        .Of("Memory that was asked to use transparent huge pages goes over like any other.")
        .Kernel(static s =>
        {
            Memfd memfd = s.Own(Memfd.Create(s.Kernel, "thp", 8 << 20));
            using (MemfdMapping mapping = memfd.Map())
            {
                mapping.AdviseHugePages();
                mapping.Populate();
            }

            Pattern.Fill(memfd, 73);
            LiveUpdateSession session = s.Create();
            session.Preserve(memfd, 1);
            session.HoldUntilKexec();
        })
        .Kernel(static s => s.VerifyFiles((1, 8 << 20, 73)));

    public static Scenario OneGibibyteOfRandomContent_HasTheSameSha256 => Scenario
        .Of("1 GiB of random bytes comes back with the same SHA-256.")
        .Kernel(static s =>
        {
            Memfd memfd = s.Own(Memfd.Create(s.Kernel, "random", 1 << 30));
            using (MemfdMapping mapping = memfd.Map())
            {
                for (long offset = 0; offset < mapping.Length; offset += 1 << 24)
                {
                    Random.Shared.NextBytes(mapping.GetSpan(offset, 1 << 24));
                }
            }

            s.Note("sha256", MemfdChecksum.Sha256(memfd));
            LiveUpdateSession session = s.Create();
            session.Preserve(memfd, 1);
            session.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            Memfd memfd = s.Own(s.Retrieve().RetrieveMemfd(1));
            Assert.Equal(1 << 30, memfd.Size);
            Assert.Equal(s.Recall("sha256"), MemfdChecksum.Sha256(memfd));
        });

    public static Scenario Catalogue_NamesSurvive => Scenario
        .Of("Names, sizes and checksums of a session's files go over in a memfd under token 0.")
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Create();
            session.Preserve(s.MemfdWith(4096, 74), 2);
            SessionCatalogue catalogue = SessionCatalogue.Create(session);
            Memfd ram = s.MemfdWith(1 << 20, 75);
            Assert.Equal(1UL, catalogue.Preserve("ram", ram, MemfdChecksum.Sha256(ram)));
            Assert.Equal(3UL, catalogue.Preserve("state \u00fc \"quoted\"", s.MemfdWith(10, 76)));
            catalogue.Commit();
            session.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Retrieve();
            SessionCatalogue catalogue = SessionCatalogue.Open(session);
            Assert.Equal(1, catalogue.Document.KexecsCount);
            Memfd ram = s.Own(catalogue.Retrieve("ram"));
            catalogue.Verify("ram", ram);
            Pattern.Verify(ram, 1 << 20, 75);
            Pattern.Verify(s.Own(catalogue.Retrieve("state \u00fc \"quoted\"")), 10, 76);
            Pattern.Verify(s.Own(session.RetrieveMemfd(2)), 4096, 74);
            SessionCatalogueException error = Assert.Throws<SessionCatalogueException>(() => catalogue.Retrieve("rom"));
            Assert.Equal(SessionCatalogueFault.NoEntry, error.Fault);
        });

    private static readonly (ulong Token, long Size, long Position)[] Cases =
    [
        (1, 1, 0),
        (2, 4095, 4095),
        (3, 4096, 5000),
        (4, 4097, 17),
        (5, (2 << 20) - 1, 1L << 40),
        (6, (2 << 20) + 12345, 2 << 20),
    ];

    private static readonly MemfdSeals[] SealSets =
    [
        MemfdSeals.None,
        MemfdSeals.Seal,
        MemfdSeals.Shrink,
        MemfdSeals.Grow,
        MemfdSeals.Write,
        MemfdSeals.FutureWrite,
        MemfdSeals.Seal | MemfdSeals.Shrink | MemfdSeals.Grow | MemfdSeals.Write | MemfdSeals.FutureWrite,
        MemfdSeals.Shrink | MemfdSeals.Grow,
    ];

    private static byte[] Bytes(Stream stream, int count)
    {
        byte[] bytes = new byte[count];
        stream.ReadExactly(bytes);
        return bytes;
    }
}

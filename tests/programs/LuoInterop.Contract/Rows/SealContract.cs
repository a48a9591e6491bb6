using LuoInterop.Interop;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using Xunit;

namespace LuoInterop.Contract.Rows;

/// <summary>Seals before, while and after a file is preserved.</summary>
[Section(9, "Seals before, while and after a file is preserved", "mm/memfd.c, mm/shmem.c, mm/memfd_luo.c")]
public static class SealContract
{
    private static readonly int ReadWrite = LibC.PROT_READ | LibC.PROT_WRITE;

    public static Scenario AddSeals_UnknownBit_EINVAL => Scenario
        .Of("A seal that the kernel does not know is EINVAL, on a preserved file too; F_GET_SEALS on what is no memfd is EINVAL.")
        .Kernel(static s =>
        {
            Memfd memfd = s.MemfdWith(4096, 90);
            Refused.With(Errno.EINVAL, s.Kernel.Fcntl(memfd.Handle, FcntlHeader.F_ADD_SEALS, 0x40));
            s.Create().Preserve(memfd, 1);
            Refused.With(Errno.EINVAL, s.Kernel.Fcntl(memfd.Handle, FcntlHeader.F_ADD_SEALS, 0x8000));
            Refused.With(Errno.EINVAL, s.Kernel.Fcntl(s.Device.Handle, FcntlHeader.F_GET_SEALS));
            Refused.With(Errno.EINVAL, s.Kernel.Fcntl(s.Create("other").Handle, FcntlHeader.F_GET_SEALS));
        });

    public static Scenario SealedSize_PreservedAndBack_StaysSealed => Scenario
        .Of("F_SEAL_SHRINK and F_SEAL_GROW refuse by EPERM before, while and after; writing inside goes on working.")
        .Kernel(static s =>
        {
            Memfd memfd = s.MemfdWith(8192, 91);
            memfd.AddSeals(MemfdSeals.Shrink | MemfdSeals.Grow);
            CheckSize(s, memfd);
            LiveUpdateSession session = s.Create();
            session.Preserve(memfd, 1);
            CheckSize(s, memfd);
            session.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Retrieve();
            Memfd memfd = s.Own(session.RetrieveMemfd(1));
            CheckSize(s, memfd);
            session.Finish();
            CheckSize(s, memfd);
            Refused.With(Errno.EPERM, s.Kernel.FAllocate(memfd.Handle, 0, 4096, 8192));
            memfd.Allocate(0, 8192);
        });

    public static Scenario SealedWrite_Retrieved_CannotBeMappedForWriting => Scenario
        .Of("With F_SEAL_WRITE or F_SEAL_FUTURE_WRITE a new shared writable mapping is EPERM, a read-only one works; afterwards as before.")
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Create();
            foreach ((ulong token, MemfdSeals seal) in WriteSeals)
            {
                Memfd memfd = s.MemfdWith(4096, (int)token);
                memfd.AddSeals(seal);
                CheckMappings(s, memfd);
                session.Preserve(memfd, token);
                CheckMappings(s, memfd);
            }

            session.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Retrieve();
            foreach ((ulong token, MemfdSeals seal) in WriteSeals)
            {
                Memfd memfd = s.Own(session.RetrieveMemfd(token));
                Assert.Equal(seal, memfd.Seals);
                CheckMappings(s, memfd);
                using MemfdMapping mapping = memfd.Map(0, 4096, writable: false);
                byte[] expected = new byte[4096];
                Pattern.Generate(expected, 0, (int)token);
                Assert.True(mapping.GetReadOnlySpan(0, 4096).SequenceEqual(expected));
                Refused.With(
                    Errno.EPERM,
                    s.Kernel.FAllocate(memfd.Handle, FallocHeader.FALLOC_FL_PUNCH_HOLE | FallocHeader.FALLOC_FL_KEEP_SIZE, 0, 4096));
            }
        });

    public static Scenario FutureWrite_EarlierMappingKeepsWriting_AndItsStoresAreCarried => Scenario
        .Of("F_SEAL_FUTURE_WRITE leaves mappings that exist: what they store until the kexec goes over.")
        .Kernel(static s =>
        {
            Memfd memfd = s.MemfdWith(4096, 92);
            using MemfdMapping mapping = memfd.Map();
            memfd.AddSeals(MemfdSeals.FutureWrite);
            LiveUpdateSession session = s.Create();
            session.Preserve(memfd, 1);
            "stored late"u8.CopyTo(mapping.GetSpan(64, 11));
            session.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            Memfd memfd = s.Own(s.Retrieve().RetrieveMemfd(1));
            byte[] text = new byte[11];
            memfd.Read(64, text);
            Assert.Equal("stored late"u8, text);
            Assert.Equal(MemfdSeals.FutureWrite, memfd.Seals);
        });

    public static Scenario SealWrite_WithAWritableMapping_EBUSY_WithoutIt_Ok => Scenario
        .Of("F_SEAL_WRITE is EBUSY while a shared writable mapping exists, in the next kernel as in this one.")
        .Kernel(static s =>
        {
            Memfd memfd = s.MemfdWith(4096, 93);
            CheckSealWrite(memfd);
            Memfd other = s.MemfdWith(4096, 94);
            LiveUpdateSession session = s.Create();
            session.Preserve(other, 1);
            session.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Retrieve();
            Memfd memfd = s.Own(session.RetrieveMemfd(1));
            session.Finish();
            CheckSealWrite(memfd);
        });

    public static Scenario ExecSealAddedWhileFrozen_IsNotCarried => Scenario
        .Of("F_SEAL_EXEC added after PRESERVE_FD to a file without execute bits is not carried: the file comes back writable.")
        .Kernel(static s =>
        {
            Memfd memfd = s.MemfdWith(4096, 95);
            Refused.Not(s.Kernel.FChmod(memfd.Handle, 0x1b6));
            LiveUpdateSession session = s.Create();
            session.Preserve(memfd, 1);
            memfd.AddSeals(MemfdSeals.Exec);
            Assert.Equal(MemfdSeals.Exec, memfd.Seals);
            Refused.With(Errno.EPERM, s.Kernel.FChmod(memfd.Handle, 0x1ff));
            session.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            Memfd memfd = s.Own(s.Retrieve().RetrieveMemfd(1));
            Assert.Equal(MemfdSeals.None, memfd.Seals);
            Assert.Equal(0x81FFu, memfd.Status.Mode);
            memfd.Write(0, "writable"u8);
        });

    public static Scenario UnsealableMemfd_RefusesSealsOnBothSides => Scenario
        .Of("A memfd without MFD_ALLOW_SEALING refuses seals by EPERM, before and after.")
        .Kernel(static s =>
        {
            Memfd memfd = s.MemfdWith(4096, 96, new MemfdOptions { AllowSealing = false });
            Refused.With(Errno.EPERM, () => memfd.AddSeals(MemfdSeals.Grow));
            LiveUpdateSession session = s.Create();
            session.Preserve(memfd, 1);
            session.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            Memfd memfd = s.Own(s.Retrieve().RetrieveMemfd(1));
            Refused.With(Errno.EPERM, () => memfd.AddSeals(MemfdSeals.Grow));
            memfd.SetSize(1);
        });

    private static readonly (ulong Token, MemfdSeals Seal)[] WriteSeals = [(1, MemfdSeals.Write), (2, MemfdSeals.FutureWrite)];

    private static void CheckSize(Stage s, Memfd memfd)
    {
        Refused.With(Errno.EPERM, () => memfd.SetSize(4096));
        Refused.With(Errno.EPERM, () => memfd.SetSize(16384));
        Refused.With(Errno.EPERM, s.Kernel.PWrite(memfd.Handle, "x"u8, 8192));
        memfd.Write(8191, "y"u8);
        Assert.Equal(8192, memfd.Size);
    }

    private static void CheckMappings(Stage s, Memfd memfd)
    {
        Refused.With(Errno.EPERM, s.Kernel.MMap(4096, ReadWrite, LibC.MAP_SHARED, memfd.Handle, 0));
        nint address = (nint)Refused.Not(s.Kernel.MMap(4096, LibC.PROT_READ, LibC.MAP_SHARED, memfd.Handle, 0));
        Refused.Not(s.Kernel.MUnmap(address, 4096));
        address = (nint)Refused.Not(s.Kernel.MMap(4096, ReadWrite, LibC.MAP_PRIVATE, memfd.Handle, 0));
        Refused.Not(s.Kernel.MUnmap(address, 4096));
        Refused.With(Errno.EPERM, s.Kernel.PWrite(memfd.Handle, "x"u8, 0));
    }

    private static void CheckSealWrite(Memfd memfd)
    {
        using (memfd.Map())
        {
            Refused.With(Errno.EBUSY, () => memfd.AddSeals(MemfdSeals.Write));
        }

        memfd.AddSeals(MemfdSeals.Write);
        Refused.With(Errno.EPERM, () => memfd.Write(0, "x"u8));
    }
}

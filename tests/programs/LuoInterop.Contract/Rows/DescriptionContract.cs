using LuoInterop.Interop;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using Xunit;

namespace LuoInterop.Contract.Rows;

/// <summary>Open file descriptions: whose position and flags are carried, and what comes back.</summary>
[Section(10, "Open file descriptions, sizes and holes", "kernel/liveupdate/luo_file.c, mm/memfd_luo.c, mm/shmem.c")]
public static class DescriptionContract
{
    private const int KeepSize = FallocHeader.FALLOC_FL_KEEP_SIZE;

    public static Scenario Position_IsThatOfTheDescriptionGivenToPreserve => Scenario
        .Of("The position carried is that of the open file description given to PRESERVE_FD: a duplicate moves it, a re-open does not.")
        .Kernel(static s =>
        {
            Memfd memfd = s.MemfdWith(8192, 100);
            SafeFileHandle reopened = Reopen(s, memfd, LibC.O_RDWR);
            LiveUpdateSession session = s.Create();
            session.Preserve(reopened, 1);
            using var duplicate =
                new SafeFileHandle((nint)Refused.Not(s.Kernel.Fcntl(reopened, FcntlHeader.F_DUPFD_CLOEXEC)), ownsHandle: true);
            memfd.Position = 11;
            Assert.Equal(22, s.Kernel.LSeek(duplicate, 22, SeekOrigin.Begin));
            session.HoldUntilKexec();
        })
        .Kernel(static s => Assert.Equal(22, s.Own(s.Retrieve().RetrieveMemfd(1)).Position));

    public static Scenario ReadOnlyAndAppend_ComeBackAsReadWrite => Scenario
        .Of("Access mode and O_APPEND of the preserved description are not carried.")
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Create();
            session.Preserve(Reopen(s, s.MemfdWith(4096, 101), LibC.O_RDONLY), 1);
            session.Preserve(Reopen(s, s.MemfdWith(4096, 102), LibC.O_RDWR | LibC.O_APPEND), 2);
            session.Preserve(Reopen(s, s.MemfdWith(4096, 103), LibC.O_WRONLY), 3);
            session.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Retrieve();
            for (ulong token = 1; token <= 3; token++)
            {
                Memfd memfd = s.Own(session.RetrieveMemfd(token));
                Pattern.Verify(memfd, 4096, 100 + (int)token);
                int flags = s.Kernel.Fcntl(memfd.Handle, FcntlHeader.F_GETFL);
                Assert.Equal(LibC.O_RDWR, flags & (LibC.O_ACCMODE | LibC.O_APPEND | LibC.O_NONBLOCK));
                memfd.Write(0, "w"u8);
            }
        });

    public static Scenario ReadsMoveThePosition_AlsoWhileFrozen_AndItIsCarried => Scenario
        .Of("Reading and writing at the position move it while the file is preserved; the last place is carried.")
        .Kernel(static s =>
        {
            Memfd memfd = s.MemfdWith(4096, 104);
            LiveUpdateSession session = s.Create();
            session.Preserve(memfd, 1);
            byte[] buffer = new byte[100];
            Assert.Equal(100, s.Kernel.Read(memfd.Handle, buffer));
            Assert.Equal(4, s.Kernel.Write(memfd.Handle, "four"u8));
            Assert.Equal(100, s.Kernel.PRead(memfd.Handle, buffer, 2000));
            Assert.Equal(104, memfd.Position);
            session.HoldUntilKexec();
        })
        .Kernel(static s => Assert.Equal(104, s.Own(s.Retrieve().RetrieveMemfd(1)).Position));

    public static Scenario Seek_WhenceAndBounds => Scenario
        .Of("lseek on a memfd: from the end, past the end, EINVAL below zero; the same on a retrieved one.")
        .Kernel(static s =>
        {
            Memfd memfd = s.MemfdWith(4096, 105);
            CheckSeek(s, memfd);
            LiveUpdateSession session = s.Create();
            session.Preserve(memfd, 1);
            CheckSeek(s, memfd);
            session.HoldUntilKexec();
        })
        .Kernel(static s => CheckSeek(s, s.Own(s.Retrieve().RetrieveMemfd(1))));

    public static Scenario OddSizes_AroundPagesAndHugePages => Scenario
        .Of("Content and size are exact for sizes around the borders of pages and huge pages; blocks are whole pages.")
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Create();
            foreach (long size in Sizes)
            {
                session.Preserve(s.MemfdWith(size, (int)(size % 1000)), (ulong)size);
            }

            session.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Retrieve();
            foreach (long size in Sizes.Reverse())
            {
                Memfd memfd = s.Own(session.RetrieveMemfd((ulong)size));
                Pattern.Verify(memfd, size, (int)(size % 1000));
                Assert.Equal((size + 4095) / 4096 * 8, memfd.Status.Blocks);
            }
        });

    public static Scenario BytesPastTheEndOfTheLastPage_ShowWhenTheFileGrows => Scenario
        .Of("The last page goes over whole: what a mapping stored past the end shows when the retrieved file grows, as in any tmpfs file.")
        .Kernel(static s =>
        {
            Memfd memfd = s.MemfdWith(100, 106);
            using MemfdMapping mapping = memfd.Map(0, 4096);
            mapping.GetSpan(200, 4).Fill(0xee);
            LiveUpdateSession session = s.Create();
            session.Preserve(memfd, 1);
            session.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            Memfd memfd = s.Own(s.Retrieve().RetrieveMemfd(1));
            Pattern.Verify(memfd, 100, 106);
            memfd.SetSize(4096);
            byte[] tail = new byte[3996];
            memfd.Read(100, tail);
            byte[] expected = new byte[3996];
            expected.AsSpan(100, 4).Fill(0xee);
            Assert.Equal(expected, tail);
        });

    public static Scenario PunchedHolesAndOnlyALastByte_AreFilled => Scenario
        .Of("Punched holes, and a file with nothing but its last byte, are filled by PRESERVE_FD and read as zero.")
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Create();
            Memfd punched = s.MemfdWith(65536, 107);
            punched.PunchHole(4096, 8192);
            Assert.Equal(14 * 8, punched.Status.Blocks);
            session.Preserve(punched, 1);
            Assert.Equal(16 * 8, punched.Status.Blocks);
            Memfd last = s.Own(Memfd.Create(s.Kernel, "last", 1 << 20));
            last.Write((1 << 20) - 1, "L"u8);
            session.Preserve(last, 2);
            session.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Retrieve();
            byte[] expected = new byte[65536];
            Pattern.Generate(expected, 0, 107);
            expected.AsSpan(4096, 8192).Clear();
            byte[] actual = new byte[65536];
            Assert.Equal(65536, s.Own(session.RetrieveMemfd(1)).Read(0, actual));
            Assert.True(expected.AsSpan().SequenceEqual(actual));
            byte[] all = new byte[1 << 20];
            Assert.Equal(1 << 20, s.Own(session.RetrieveMemfd(2)).Read(0, all));
            Assert.Equal((byte)'L', all[^1]);
            Assert.Equal(-1, all.AsSpan(0, all.Length - 1).IndexOfAnyExcept((byte)0));
        });

    public static Scenario BlocksPastTheEnd_AreNotCarried => Scenario
        .Of("Pages that fallocate(KEEP_SIZE) put past the end are not part of what is preserved.")
        .Kernel(static s =>
        {
            Memfd memfd = s.MemfdWith(4096, 108);
            Refused.Not(s.Kernel.FAllocate(memfd.Handle, KeepSize, 0, 65536));
            Assert.Equal(128, memfd.Status.Blocks);
            LiveUpdateSession session = s.Create();
            session.Preserve(memfd, 1);
            session.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            Memfd memfd = s.Own(s.Retrieve().RetrieveMemfd(1));
            Pattern.Verify(memfd, 4096, 108);
            Assert.Equal(8, memfd.Status.Blocks);
        });

    public static Scenario EmptyMemfd_IsFrozenToo_AndGrowsAfterAbort => Scenario
        .Of("A preserved memfd of size 0 cannot grow; after the abort it can.")
        .Kernel(static s =>
        {
            Memfd memfd = s.Own(Memfd.Create(s.Kernel, "empty"));
            LiveUpdateSession session = s.Create();
            session.Preserve(memfd, 1);
            Refused.With(Errno.EPERM, () => memfd.SetSize(1));
            Refused.With(Errno.EPERM, s.Kernel.PWrite(memfd.Handle, "x"u8, 0));
            memfd.AddSeals(MemfdSeals.Write);
            session.Abort();
            memfd.SetSize(1);
        });

    public static Scenario TemporaryFile_OTmpfile_IsPreserved => Scenario
        .Of("A file made by O_TMPFILE in a tmpfs has no link and goes over like a memfd.")
        .Kernel(static s =>
        {
            var file = s.Own(new SafeFileHandle(
                (nint)Refused.Not(s.Kernel.Open("/dev/shm", LibC.O_TMPFILE | LibC.O_RDWR | LibC.O_CLOEXEC, 0x180)), ownsHandle: true));
            Refused.Not(s.Kernel.PWrite(file, "temporary"u8, 0));
            LiveUpdateSession session = s.Create();
            session.Preserve(file, 1);
            session.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            Memfd memfd = s.Own(s.Retrieve().RetrieveMemfd(1));
            byte[] text = new byte[9];
            Assert.Equal(9, memfd.Read(0, text));
            Assert.Equal("temporary"u8, text);
            Assert.Equal("/ (deleted)", memfd.LinkText);
        });

    public static Scenario WritesBehindAReopenedDescriptor_AreSeenByAll => Scenario
        .Of("The retrieved file, a second descriptor of it and a re-open are one file: sizes and bytes agree.")
        .Kernel(static s => s.HoldFiles((1, 8192, 109)))
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Retrieve();
            Memfd first = s.Own(session.RetrieveMemfd(1));
            Memfd second = s.Own(session.RetrieveMemfd(1));
            session.Finish();
            SafeFileHandle reopened = Reopen(s, first, LibC.O_RDWR);
            Refused.Not(s.Kernel.PWrite(reopened, "through a re-open"u8, 4000));
            second.SetSize(6000);
            byte[] text = new byte[17];
            first.Read(4000, text);
            Assert.Equal("through a re-open"u8, text);
            Assert.Equal(6000, first.Size);
            Assert.Equal(0, s.Kernel.LSeek(reopened, 0, SeekOrigin.Current));
        });

    private static readonly long[] Sizes =
        [1, 4095, 4096, 4097, 8191, 65536, (2 << 20) - 1, 2 << 20, (2 << 20) + 1, (4 << 20) - 4096, (4 << 20) + 4097];

    private static void CheckSeek(Stage s, Memfd memfd)
    {
        Assert.Equal(4096, s.Kernel.LSeek(memfd.Handle, 0, SeekOrigin.End));
        Assert.Equal(5096, s.Kernel.LSeek(memfd.Handle, 1000, SeekOrigin.Current));
        Refused.With(Errno.EINVAL, s.Kernel.LSeek(memfd.Handle, -1, SeekOrigin.Begin));
        Refused.With(Errno.EINVAL, s.Kernel.LSeek(memfd.Handle, -5000, SeekOrigin.End));
        Assert.Equal(5096, memfd.Position);
        byte[] nothing = new byte[1];
        Assert.Equal(0, s.Kernel.Read(memfd.Handle, nothing));
        Assert.Equal(7, s.Kernel.LSeek(memfd.Handle, 7, SeekOrigin.Begin));
    }

    private static SafeFileHandle Reopen(Stage s, Memfd memfd, int flags) => s.Own(new SafeFileHandle(
        (nint)Refused.Not(s.Kernel.Open($"/proc/self/fd/{RawIoctl.Number(memfd.Handle)}", flags | LibC.O_CLOEXEC)), ownsHandle: true));
}

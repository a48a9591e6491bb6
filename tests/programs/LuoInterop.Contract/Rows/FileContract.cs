using LuoInterop.Interop;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using Xunit;

namespace LuoInterop.Contract.Rows;

/// <summary>PRESERVE_FD and RETRIEVE_FD.</summary>
[Section(3, "PRESERVE_FD and RETRIEVE_FD", "kernel/liveupdate/luo_file.c")]
public static class FileContract
{
    public static Scenario Preserve_AnyToken_ZeroAndTheLargestIncluded => Scenario
        .Of("Any u64 is a legal token; files are found by it in any order.")
        .Kernel(static s => s.HoldFiles((0, 4096, 10), (ulong.MaxValue, 4096, 11), (1UL << 63, 4096, 12)))
        .Kernel(static s => s.VerifyFiles((1UL << 63, 4096, 12), (0, 4096, 10), (ulong.MaxValue, 4096, 11)));

    public static Scenario Preserve_TokenUsed_EEXIST_BeforeTheDescriptorIsLookedAt => Scenario
        .Of("A used token is EEXIST even for a bad descriptor; the first file stays.")
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Create();
            session.Preserve(s.MemfdWith(4096, 13), 5);
            KernelException error = Refused.With(Errno.EEXIST, () => session.Preserve(s.MemfdWith(4096, 14), 5));
            Assert.Equal(5UL, error.Token);
            Refused.With(Errno.EEXIST, s.Kernel.Ioctl(session.Handle, RawIoctl.PreserveFd, RawIoctl.File(-1, 5)));
            session.HoldUntilKexec();
        })
        .Kernel(static s => s.VerifyFiles((5, 4096, 13)));

    public static Scenario Preserve_BadDescriptor_EBADF => Scenario
        .Of("A descriptor that is not open, negative, or O_PATH is EBADF.")
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Create();
            Refused.With(Errno.EBADF, s.Kernel.Ioctl(session.Handle, RawIoctl.PreserveFd, RawIoctl.File(-1, 1)));
            Refused.With(Errno.EBADF, s.Kernel.Ioctl(session.Handle, RawIoctl.PreserveFd, RawIoctl.File(1_000_000, 1)));
            using var path = new SafeFileHandle((nint)Refused.Not(s.Kernel.Open("/", LibC.O_PATH | LibC.O_CLOEXEC)), ownsHandle: true);
            Refused.With(Errno.EBADF, () => session.Preserve(path, 1));
        });

    public static Scenario Preserve_ClosedHandle_ObjectDisposed_AndTheTokenStaysFree => Scenario
        .Of("A closed handle never reaches the kernel.")
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Create();
            Memfd closed = Memfd.Create(s.Kernel, "closed", 4096);
            closed.Dispose();
            Assert.Throws<ObjectDisposedException>(() => session.Preserve(closed, 1));
            session.Preserve(s.MemfdWith(4096, 1), 1);
        });

    public static Scenario Preserve_SameFileTwice_EBUSY_InAnySession_AlsoAsDuplicate => Scenario
        .Of("A file is preserved once, by its inode: EBUSY for the descriptor, a duplicate and a re-open, in any session.")
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Create("a");
            LiveUpdateSession other = s.Create("b");
            Memfd memfd = s.MemfdWith(4096, 15);
            session.Preserve(memfd, 1);
            Refused.With(Errno.EBUSY, () => session.Preserve(memfd, 2));
            Refused.With(Errno.EBUSY, () => other.Preserve(memfd, 1));
            using var duplicate =
                new SafeFileHandle((nint)Refused.Not(s.Kernel.Fcntl(memfd.Handle, FcntlHeader.F_DUPFD_CLOEXEC)), ownsHandle: true);
            Refused.With(Errno.EBUSY, () => other.Preserve(duplicate, 1));
            using var reopened = new SafeFileHandle(
                (nint)Refused.Not(s.Kernel.Open($"/proc/self/fd/{RawIoctl.Number(memfd.Handle)}", LibC.O_RDWR | LibC.O_CLOEXEC)),
                ownsHandle: true);
            Refused.With(Errno.EBUSY, () => other.Preserve(reopened, 1));

            // The failed attempts left nothing behind: the tokens are free, and so is the file after the abort.
            session.Abort();
            other.Preserve(memfd, 1);
        });

    public static Scenario Preserve_ClosingTheFile_DoesNotUnpreserve => Scenario
        .Of("LUO holds a reference of its own: the user's descriptor may be closed.")
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Create();
            Memfd memfd = Memfd.Create(s.Kernel, "closed-early", 1 << 20);
            Pattern.Fill(memfd, 16);
            session.Preserve(memfd, 1);
            memfd.Dispose();
            session.HoldUntilKexec();
        })
        .Kernel(static s => s.VerifyFiles((1, 1 << 20, 16)));

    public static Scenario Preserve_ArgumentThatCannotBeWritten_EFAULT_ButPreserved => Scenario
        .Of("When only the copy back fails the file stays preserved (luo_session_preserve_fd).")
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Create();
            Memfd memfd = s.MemfdWith(4096, 17);
            using (var page = UserMemory.ReadOnly(s.Kernel, RawIoctl.File(RawIoctl.Number(memfd.Handle), 3)))
            {
                Refused.With(Errno.EFAULT, s.Kernel.Ioctl(session.Handle, RawIoctl.PreserveFd, page.Address));
            }

            Refused.With(Errno.EEXIST, () => session.Preserve(s.MemfdWith(4096, 18), 3));
            session.HoldUntilKexec();
        })
        .Kernel(static s => s.VerifyFiles((3, 4096, 17)));

    public static Scenario Retrieve_UnknownToken_ENOENT => Scenario
        .Of("A token that the session does not have is ENOENT; so is any token of an empty session.")
        .Kernel(static s =>
        {
            s.Create("empty").HoldUntilKexec();
            LiveUpdateSession session = s.Create("one");
            session.Preserve(s.MemfdWith(4096, 19), 1);
            session.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            Refused.With(Errno.ENOENT, () => s.Retrieve("empty").RetrieveMemfd(0));
            LiveUpdateSession session = s.Retrieve("one");
            KernelException error = Refused.With(Errno.ENOENT, () => session.RetrieveMemfd(2));
            Assert.Equal((session.Name, 2UL), (error.Session, error.Token));
            Pattern.Verify(s.Own(session.RetrieveMemfd(1)), 4096, 19);
        });

    public static Scenario Retrieve_OnAnOutgoingSession_EINVAL => Scenario
        .Of("Only a retrieved session gives files: EINVAL, and the library does not even ask.")
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Create();
            Refused.With(Errno.EINVAL, s.Kernel.Ioctl(session.Handle, RawIoctl.RetrieveFd, RawIoctl.File(-1, 1)));
            Assert.Throws<InvalidOperationException>(() => session.RetrieveFile(1));
        });

    public static Scenario Retrieve_Twice_GivesTheSameOpenFile => Scenario
        .Of("A second RETRIEVE_FD gives another descriptor of the same open file description: they share the position.")
        .Kernel(static s => s.HoldFiles((1, 8192, 20)))
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Retrieve();
            Memfd first = s.Own(session.RetrieveMemfd(1));
            Memfd second = s.Own(session.RetrieveMemfd(1));
            Assert.NotEqual(RawIoctl.Number(first.Handle), RawIoctl.Number(second.Handle));
            first.Position = 1234;
            Assert.Equal(1234, second.Position);
            Assert.Equal(first.Status.Inode, second.Status.Inode);
        });

    public static Scenario Retrieve_ArgumentThatCannotBeWritten_EFAULT_AndCanBeAskedAgain => Scenario
        .Of("When only the copy back fails the file stays retrieved and can be asked for again.")
        .Kernel(static s => s.HoldFiles((1, 4096, 21)))
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Retrieve();
            using (var page = UserMemory.ReadOnly(s.Kernel, RawIoctl.File(-1, 1)))
            {
                Refused.With(Errno.EFAULT, s.Kernel.Ioctl(session.Handle, RawIoctl.RetrieveFd, page.Address));
            }

            Pattern.Verify(s.Own(session.RetrieveMemfd(1)), 4096, 21);
        });

    public static Scenario FiveHundredFilesInOneSession_Survive => Scenario
        .Of("A session holds as many files as blocks of 63 can list; 500 take eight of them.")
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Create();
            for (int i = 0; i < 500; i++)
            {
                using Memfd memfd = Memfd.Create(s.Kernel, "many", 4096 + i);
                Pattern.Fill(memfd, i);
                session.Preserve(memfd, (ulong)i * 3);
            }

            session.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Retrieve();
            for (int i = 499; i >= 0; i--)
            {
                using Memfd memfd = session.RetrieveMemfd((ulong)i * 3);
                Pattern.Verify(memfd, 4096 + i, i);
            }
        });

    public static Scenario TwoThousandSessions_Survive => Scenario
        .Of("2,000 sessions of one file each go over; they take forty blocks of 51.")
        .Kernel(static s =>
        {
            for (int i = 0; i < 2000; i++)
            {
                LiveUpdateSession session = s.Create($"{i}");
                using Memfd memfd = Memfd.Create(s.Kernel, "one", 8);
                Pattern.Fill(memfd, i);
                session.Preserve(memfd, (ulong)i);
                session.HoldUntilKexec();
            }
        })
        .Kernel(static s =>
        {
            for (int i = 0; i < 2000; i++)
            {
                using LiveUpdateSession session = s.Device.RetrieveSession(s.Name($"{i}"));
                using Memfd memfd = session.RetrieveMemfd((ulong)i);
                Pattern.Verify(memfd, 8, i);
                session.Finish();
            }
        });
}

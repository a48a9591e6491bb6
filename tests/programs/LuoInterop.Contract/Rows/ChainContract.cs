using LuoInterop.Interop;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using Xunit;

namespace LuoInterop.Contract.Rows;

/// <summary>Several sessions, several kernels, and the arguments of the calls between them.</summary>
[Section(
    11,
    "Several sessions, several kernels, and the calls between them",
    "kernel/liveupdate/luo_session.c, luo_file.c, kernel/kexec_file.c")]
public static class ChainContract
{
    public static Scenario SessionsClosedInAnyOrder_TheOthersGoOver => Scenario
        .Of("Sessions can be dropped in any order; what the others preserve goes over, and may be retrieved in any order.")
        .Kernel(static s =>
        {
            LiveUpdateSession[] sessions = [.. Enumerable.Range(0, 6).Select(i => s.Create($"{i}"))];
            for (int i = 0; i < 6; i++)
            {
                for (ulong token = 0; token < 3; token++)
                {
                    sessions[i].Preserve(s.MemfdWith(4096, (i * 10) + (int)token), token);
                }
            }

            sessions[4].Abort();
            sessions[0].Abort();
            sessions[2].Abort();
            LiveUpdateSession again = s.Create("0");
            again.Preserve(s.MemfdWith(4096, 77), 0);
            foreach (LiveUpdateSession session in (LiveUpdateSession[])[sessions[1], sessions[3], sessions[5], again])
            {
                session.HoldUntilKexec();
            }
        })
        .Kernel(static s =>
        {
            foreach (int i in (int[])[5, 1, 3])
            {
                LiveUpdateSession session = s.Retrieve($"{i}");
                for (ulong token = 3; token-- > 0;)
                {
                    Pattern.Verify(s.Own(session.RetrieveMemfd(token)), 4096, (i * 10) + (int)token);
                }
            }

            LiveUpdateSession again = s.Retrieve("0");
            Pattern.Verify(s.Own(again.RetrieveMemfd(0)), 4096, 77);
            Refused.With(Errno.ENOENT, () => again.RetrieveMemfd(1));
            Assert.False(s.Device.TryRetrieveSession(s.Name("2"), out _));
            Assert.False(s.Device.TryRetrieveSession(s.Name("4"), out _));
        });

    public static Scenario FileMovedFromSessionToSession_AcrossThreeKernels => Scenario
        .Of("A file goes on under another token in another session; what the middle kernel wrote is carried, seals add up.")
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Create("first");
            session.Preserve(s.MemfdWith(2 << 20, 110), 1);
            session.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            LiveUpdateSession incoming = s.Retrieve("first");
            Memfd memfd = s.Own(incoming.RetrieveMemfd(1));
            Pattern.Verify(memfd, 2 << 20, 110);
            incoming.Finish();
            memfd.SetSize((2 << 20) + 4096);
            memfd.Write(2 << 20, "the middle kernel"u8);
            memfd.AddSeals(MemfdSeals.Shrink);
            memfd.Position = 99;
            LiveUpdateSession outgoing = s.Create("second");
            outgoing.Preserve(memfd, 200);
            outgoing.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            Assert.False(s.Device.TryRetrieveSession(s.Name("first"), out _));
            LiveUpdateSession session = s.Retrieve("second");
            Refused.With(Errno.ENOENT, () => session.RetrieveMemfd(1));
            Memfd memfd = s.Own(session.RetrieveMemfd(200));
            Assert.Equal(((2L << 20) + 4096, 99L, MemfdSeals.Shrink), (memfd.Size, memfd.Position, memfd.Seals));
            byte[] text = new byte[17];
            memfd.Read(2 << 20, text);
            Assert.Equal("the middle kernel"u8, text);
        });

    public static Scenario RetrievedFile_ClosedBeforeFinish_CanBeRetrievedAgain => Scenario
        .Of("LUO keeps a reference until FINISH: a retrieved file that was closed comes back with what was written meanwhile.")
        .Kernel(static s => s.HoldFiles((1, 4096, 111)))
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Retrieve();
            using (Memfd once = session.RetrieveMemfd(1))
            {
                once.Write(0, "changed"u8);
                once.Position = 5;
            }

            Memfd again = s.Own(session.RetrieveMemfd(1));
            byte[] text = new byte[7];
            again.Read(0, text);
            Assert.Equal("changed"u8, text);
            Assert.Equal(5, again.Position);
        });

    public static Scenario UnretrievedFilesOfAFinishedSession_AreFreed_OthersStay => Scenario
        .Of("FINISH frees what was not retrieved; what was retrieved lives on, and can go over again.")
        .Kernel(static s => s.HoldFiles((1, 4096, 112), (2, 4 << 20, 113), (3, 4096, 114)))
        .Kernel(static s =>
        {
            LiveUpdateSession incoming = s.Retrieve();
            Memfd third = s.Own(incoming.RetrieveMemfd(3));
            incoming.Finish();
            LiveUpdateSession outgoing = s.Create();
            outgoing.Preserve(third, 1);
            outgoing.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Retrieve();
            Pattern.Verify(s.Own(session.RetrieveMemfd(1)), 4096, 114);
            Refused.With(Errno.ENOENT, () => session.RetrieveMemfd(3));
        });

    public static Scenario SessionFlags_AndDeviceCalls => Scenario
        .Of("Status flags of a session can be read and O_NONBLOCK be set; the device has no read, write or seek that does anything.")
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Create();
            Refused.Not(s.Kernel.Fcntl(session.Handle, FcntlHeader.F_SETFL, LibC.O_NONBLOCK));
            Assert.Equal(LibC.O_NONBLOCK, s.Kernel.Fcntl(session.Handle, FcntlHeader.F_GETFL) & LibC.O_NONBLOCK);
            Refused.Not(s.Kernel.Fcntl(session.Handle, FcntlHeader.F_SETFD, 0));
            Assert.Equal(0, s.Kernel.Fcntl(session.Handle, FcntlHeader.F_GETFD));
            byte[] buffer = new byte[4];
            Refused.With(Errno.EINVAL, s.Kernel.Read(s.Device.Handle, buffer));
            Refused.With(Errno.EINVAL, s.Kernel.Write(s.Device.Handle, buffer));
            Refused.With(Errno.EINVAL, s.Kernel.FTruncate(session.Handle, 0));
            Refused.With(Errno.ENODEV, s.Kernel.MMap(4096, LibC.PROT_READ, LibC.MAP_SHARED, session.Handle, 0));
        });

    public static Scenario CopyBack_WritesTheKnownStructureOnly => Scenario
        .Of("On success the known structure is written back with the size that was passed; on a refusal nothing is.")
        .Kernel(static s =>
        {
            byte[] argument = RawIoctl.Named(s.Name("back"), 200);
            byte[] before = [.. argument];
            Refused.Not(s.Kernel.Ioctl(s.Device.Handle, RawIoctl.CreateSession, argument));
            int fd = RawIoctl.Fd(argument);
            Assert.True(fd >= 0);
            before.AsSpan(4, 4).CopyTo(argument.AsSpan(4));
            Assert.Equal(before, argument);
            byte[] again = RawIoctl.Named(s.Name("back"), 200);
            Refused.With(Errno.EEXIST, s.Kernel.Ioctl(s.Device.Handle, RawIoctl.CreateSession, again));
            Assert.Equal(before, again);
            byte[] name = RawIoctl.Named("", 100);
            name.AsSpan(4, 4).Clear();
            using var session = new SafeFileHandle(fd, ownsHandle: false);
            Refused.Not(s.Kernel.Ioctl(session, RawIoctl.GetName, name));
            Assert.Equal(100, BitConverter.ToInt32(name));
            Assert.Equal(-1, name.AsSpan(72).IndexOfAnyExcept((byte)0));
            Refused.Not(s.Kernel.Close(fd));
        });

    public static Scenario Load_WrongArguments_AreRefused => Scenario
        .Of("kexec_file_load: an unknown flag is EINVAL, a folder EINVAL, a bad descriptor EBADF, a missing initrd EBADF.")
        .Kernel(static s =>
        {
            Memfd notAnImage = s.MemfdWith(8192, 115);
            using var folder = new SafeFileHandle((nint)Refused.Not(s.Kernel.Open("/", LibC.O_RDONLY | LibC.O_CLOEXEC)), ownsHandle: true);
            using var nothing = new SafeFileHandle(-1, ownsHandle: false);
            SafeFileHandle readable = s.Own(
                new SafeFileHandle((nint)Refused.Not(s.Kernel.Open("/proc/self/exe", LibC.O_RDONLY | LibC.O_CLOEXEC)), ownsHandle: true));
            Refused.With(Errno.EINVAL, s.Kernel.KexecFileLoad(readable, null, "x", 0x80000000));
            Refused.With(Errno.EINVAL, s.Kernel.KexecFileLoad(folder, null, "x", KexecHeader.KEXEC_FILE_NO_INITRAMFS));
            Refused.With(Errno.EBADF, s.Kernel.KexecFileLoad(nothing, null, "x", KexecHeader.KEXEC_FILE_NO_INITRAMFS));
            Refused.With(Errno.ENOEXEC, s.Kernel.KexecFileLoad(readable, null, "x", KexecHeader.KEXEC_FILE_NO_INITRAMFS));
            Refused.With(Errno.ENOEXEC, s.Kernel.KexecFileLoad(readable, notAnImage.Handle, "x", 0));
        });
}

using LuoInterop.Interop;
using LuoInterop.Tests.Shared;
using Tmds.Linux;
using Xunit;

namespace LuoInterop.Contract.Rows;

/// <summary>What opening, closing and a kexec do to sessions.</summary>
[Section(4, "What opening, closing and a kexec do to sessions", "kernel/liveupdate/luo_core.c, luo_session.c, kernel/kexec_core.c")]
public static class LifecycleContract
{
    public static Scenario Device_SecondOpen_EBUSY_UntilTheFirstIsClosed => Scenario
        .Of("The device is single-opener, for the same process too, whatever the open flags.")
        .Kernel(static s =>
        {
            LiveUpdateDevice device = s.Device;
            KernelException error = Refused.With(Errno.EBUSY, () => LiveUpdateDevice.Open(s.Kernel));
            Assert.Contains(LiveUpdateDevice.DefaultPath, error.Message, StringComparison.Ordinal);
            Assert.False(LiveUpdateDevice.TryOpen(s.Kernel, out _, out LiveUpdateAvailability why));
            Assert.Equal(LiveUpdateUnavailableReason.Busy, why.Reason);
            Refused.With(Errno.EBUSY, s.Kernel.Open(LiveUpdateDevice.DefaultPath, LibC.O_RDWR | LibC.O_NONBLOCK));
            device.Dispose();
            LiveUpdateDevice.Open(s.Kernel).Dispose();
        });

    public static Scenario Device_DuplicateKeepsItBusy => Scenario
        .Of("The device is free again at the last close of the open file description.")
        .Kernel(static s =>
        {
            int duplicate = (int)Refused.Not(s.Kernel.Fcntl(s.Device.Handle, FcntlHeader.F_DUPFD_CLOEXEC));
            s.CloseDevice();
            Refused.With(Errno.EBUSY, () => LiveUpdateDevice.Open(s.Kernel));
            Refused.Not(s.Kernel.Close(duplicate));
            LiveUpdateDevice.Open(s.Kernel).Dispose();
        });

    public static Scenario Device_Close_LeavesSessionsAlone => Scenario
        .Of("Closing the device only lets others open it; sessions live on in their own descriptors.")
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Create();
            s.CloseDevice();
            session.Preserve(s.MemfdWith(4096, 30), 1);
            session.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Retrieve();
            s.CloseDevice();
            Pattern.Verify(s.Own(session.RetrieveMemfd(1)), 4096, 30);
            session.Finish();
        });

    public static Scenario Outgoing_LastClose_DropsWhatItPreserves => Scenario
        .Of("The last close of an outgoing session unpreserves its files: they thaw, can be preserved again, and the name is free.")
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Create();
            Memfd memfd = s.MemfdWith(4096, 31);
            session.Preserve(memfd, 1);
            Refused.With(Errno.EPERM, () => memfd.SetSize(8192));
            session.Abort();
            memfd.SetSize(8192);
            using LiveUpdateSession again = s.Device.CreateSession(session.Name);
            again.Preserve(memfd, 1);
            again.Abort();
        })
        .Kernel(static s => Assert.False(s.Device.TryRetrieveSession(s.Name(), out _)));

    public static Scenario Outgoing_Duplicate_KeepsItAlive => Scenario
        .Of("Only the last reference counts: a duplicate of the descriptor keeps the session.")
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Create();
            session.Preserve(s.MemfdWith(4096, 32), 1);
            int duplicate = (int)Refused.Not(s.Kernel.Fcntl(session.Handle, FcntlHeader.F_DUPFD_CLOEXEC));
            session.Abort();
            LiveUpdateSession adopted = LiveUpdateSession.Adopt(s.Kernel, duplicate);
            Assert.Equal((s.Name(), SessionDirection.Outgoing), (adopted.Name, adopted.Direction));
            adopted.Preserve(s.MemfdWith(4096, 33), 2);
            adopted.HoldUntilKexec();
        })
        .Kernel(static s => s.VerifyFiles((1, 4096, 32), (2, 4096, 33)));

    public static Scenario Incoming_Close_Finishes => Scenario
        .Of("Closing a retrieved session finishes it: its name is gone, retrieved files stay valid.")
        .Kernel(static s => s.HoldFiles((1, 4096, 34), (2, 4096, 35)))
        .Kernel(static s =>
        {
            byte[] argument = RawIoctl.Named(s.Name());
            Refused.Not(s.Kernel.Ioctl(s.Device.Handle, RawIoctl.RetrieveSession, argument));
            LiveUpdateSession session = LiveUpdateSession.Adopt(s.Kernel, RawIoctl.Fd(argument));
            Assert.Equal(SessionDirection.Incoming, session.Direction);
            Memfd retrieved = s.Own(session.RetrieveMemfd(1));
            Refused.Not(s.Kernel.Close(RawIoctl.Fd(argument)));
            GC.SuppressFinalize(session.Handle);
            Assert.False(s.Device.TryRetrieveSession(s.Name(), out _));
            Pattern.Verify(retrieved, 4096, 34);
        });

    public static Scenario Incoming_NeverRetrieved_IsNotCarriedOn => Scenario
        .Of("Only outgoing sessions go to the next kernel; an incoming one that nobody retrieved is gone after the next kexec.")
        .Kernel(static s => s.HoldFiles((1, 4096, 36)))
        .Kernel(static _ => { })
        .Kernel(static s => Assert.False(s.Device.TryRetrieveSession(s.Name(), out _)));

    public static Scenario Incoming_RetrievedAndNotFinished_IsNotCarriedOn => Scenario
        .Of("A retrieved, unfinished session is not carried on either, though its descriptor is open at the kexec.")
        .Kernel(static s => s.HoldFiles((1, 4096, 37)))
        .Kernel(static s =>
        {
            byte[] argument = RawIoctl.Named(s.Name());
            Refused.Not(s.Kernel.Ioctl(s.Device.Handle, RawIoctl.RetrieveSession, argument));
        })
        .Kernel(static s => Assert.False(s.Device.TryRetrieveSession(s.Name(), out _)));

    public static Scenario Retrieved_PreserveAgain_EBUSY_UntilFinished_ThenCarried => Scenario
        .Of("A retrieved file can be preserved again only after its session is finished; then it survives the next kexec too.")
        .Kernel(static s => s.HoldFiles((1, 3 << 20, 38)))
        .Kernel(static s =>
        {
            LiveUpdateSession incoming = s.Retrieve();
            LiveUpdateSession outgoing = s.Create();
            Assert.Equal(incoming.Name, outgoing.Name);
            Memfd memfd = s.Own(incoming.RetrieveMemfd(1));
            Refused.With(Errno.EBUSY, () => outgoing.Preserve(memfd, 1));
            incoming.Finish();
            outgoing.Preserve(memfd, 1);
            outgoing.HoldUntilKexec();
        })
        .Kernel(static s => s.VerifyFiles((1, 3 << 20, 38)));

    public static Scenario EmptySession_IsCarried => Scenario
        .Of("A session without files goes over and can be retrieved and finished.")
        .Kernel(static s => s.Create().HoldUntilKexec())
        .Kernel(static s => s.Retrieve().Finish());

    public static Scenario Reboot_WithoutAnImage_EINVAL_AndAllIsAsBefore => Scenario
        .Of("reboot(KEXEC) without an image is EINVAL; the system runs on and sessions stay usable.")
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Create();
            session.Preserve(s.MemfdWith(4096, 39), 1);
            Assert.NotEqual(true, KexecImage.IsLoaded(s.Kernel));
            Refused.With(Errno.EINVAL, s.Kernel.Reboot(RebootHeader.LINUX_REBOOT_CMD_KEXEC));
            session.Preserve(s.MemfdWith(4096, 40), 2);
            session.HoldUntilKexec();
        })
        .Kernel(static s => s.VerifyFiles((1, 4096, 39), (2, 4096, 40)));

    public static Scenario Load_NotAKernelImage_ENOEXEC_AndNothingIsLoaded => Scenario
        .Of("A file that is no kernel image is ENOEXEC; nothing is loaded, sessions stay.")
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Create();
            session.Preserve(s.MemfdWith(4096, 41), 1);
            Memfd notAnImage = s.MemfdWith(100_000, 42);
            string path = $"/proc/self/fd/{RawIoctl.Number(notAnImage.Handle)}";
            KernelException error = Refused.With(
                Errno.ENOEXEC, () => KexecImage.Load(s.Kernel, path, null, "kho=on liveupdate=on"));
            Assert.Contains(path, error.Message, StringComparison.Ordinal);
            Assert.NotEqual(true, KexecImage.IsLoaded(s.Kernel));
            Refused.With(Errno.ENOENT, () => KexecImage.Load(s.Kernel, "/no/such/kernel", null, "kho=on liveupdate=on"));
            session.HoldUntilKexec();
        })
        .Kernel(static s => s.VerifyFiles((1, 4096, 41)));

    public static Scenario Load_FileOpenForWriting_ETXTBSY => Scenario
        .Of("An image that somebody has open for writing is ETXTBSY (kernel_read_file denies writers); closed, it is looked at.")
        .Kernel(static s =>
        {
            string path = $"/dev/shm/{s.Name()}";
            using (FileStream writer = File.Create(path))
            {
                writer.Write(new byte[100_000]);
                writer.Flush();
                Refused.With(Errno.ETXTBSY, () => KexecImage.Load(s.Kernel, path, null, "kho=on liveupdate=on"));
            }

            WrittenFile.WaitForItsWriters(path);
            Refused.With(Errno.ENOEXEC, () => KexecImage.Load(s.Kernel, path, null, "kho=on liveupdate=on"));
            File.Delete(path);
        });

    public static Scenario Unload_WithoutAnImage_Succeeds => Scenario
        .Of("Unloading when nothing is loaded succeeds.")
        .Kernel(static s => KexecImage.Unload(s.Kernel));
}

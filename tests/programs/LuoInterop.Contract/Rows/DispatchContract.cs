using Xunit;

namespace LuoInterop.Contract.Rows;

/// <summary>ioctl dispatch: numbers, sizes and the order of checks before any operation.</summary>
[Section(1, "ioctl dispatch: numbers, sizes and the order of checks before any operation", "kernel/liveupdate/luo_core.c, luo_session.c")]
public static class DispatchContract
{
    public static Scenario Device_UnknownNumber_EINVAL => Scenario
        .Of("The device looks at the number first, whatever the type: EINVAL, not ENOTTY (luo_ioctl, luo_core.c).")
        .Kernel(static s =>
        {
            foreach (uint request in (uint[])[0xBA02, 0xBA3F, 0xBA40, 0x5413, 0xBAFF])
            {
                Refused.With(Errno.EINVAL, s.Kernel.Ioctl(s.Device.Handle, request, RawIoctl.Named(s.Name())));
            }
        });

    public static Scenario Device_KnownNumberOfAnotherType_ENOTTY => Scenario
        .Of("A known number with another type, or with direction or size bits, is ENOTTY.")
        .Kernel(static s =>
        {
            foreach (uint request in (uint[])[0xBB00, 0xC048BA00, 0x4000BA01, 0x5401])
            {
                Refused.With(Errno.ENOTTY, s.Kernel.Ioctl(s.Device.Handle, request, RawIoctl.Named(s.Name())));
            }
        });

    public static Scenario Device_UnreadableSize_EFAULT_BeforeTheType => Scenario
        .Of("The size field is read before the type is looked at, and after the number.")
        .Kernel(static s =>
        {
            using var page = UserMemory.Unmapped(s.Kernel);
            Refused.With(Errno.EFAULT, s.Kernel.Ioctl(s.Device.Handle, RawIoctl.CreateSession, page.Address));
            Refused.With(Errno.EFAULT, s.Kernel.Ioctl(s.Device.Handle, 0xBB00, page.Address));
            Refused.With(Errno.EINVAL, s.Kernel.Ioctl(s.Device.Handle, 0xBA02, page.Address));
        });

    public static Scenario Device_ShortSize_EINVAL => Scenario
        .Of("A size below the end of the last member is EINVAL; so is 0.")
        .Kernel(static s =>
        {
            foreach (int size in (int[])[0, 4, 8, 71])
            {
                Refused.With(Errno.EINVAL, s.Kernel.Ioctl(s.Device.Handle, RawIoctl.CreateSession, RawIoctl.Named(s.Name(), size)));
                Refused.With(Errno.EINVAL, s.Kernel.Ioctl(s.Device.Handle, RawIoctl.RetrieveSession, RawIoctl.Named(s.Name(), size)));
            }
        });

    public static Scenario Device_LongerStructure_OkWhereTheTailIsZero_E2BIG_WhereNot => Scenario
        .Of("Bytes past the known structure must be zero, however many; else E2BIG, before the name is looked at (copy_struct_from_user).")
        .Kernel(static s =>
        {
            byte[] zeroTail = RawIoctl.Named(s.Name("long"), 3000);
            Refused.Not(s.Kernel.Ioctl(s.Device.Handle, RawIoctl.CreateSession, zeroTail));
            Refused.Not(s.Kernel.Close(RawIoctl.Fd(zeroTail)));

            byte[] dirtyTail = RawIoctl.Named("", 3000);
            dirtyTail[^1] = 1;
            Refused.With(Errno.E2BIG, s.Kernel.Ioctl(s.Device.Handle, RawIoctl.CreateSession, dirtyTail));
            Assert.Equal(-1, RawIoctl.Fd(dirtyTail));
        });

    public static Scenario Device_TailThatCannotBeRead_EFAULT => Scenario
        .Of("A tail that is not mapped is EFAULT.")
        .Kernel(static s =>
        {
            byte[] argument = RawIoctl.Named(s.Name(), 1 << 30);
            using var page = UserMemory.Writable(s.Kernel, argument.AsSpan(0, RawIoctl.NamedSize));
            Refused.With(Errno.EFAULT, s.Kernel.Ioctl(s.Device.Handle, RawIoctl.CreateSession, page.Address));
        });

    public static Scenario Session_UnknownNumber_EINVAL => Scenario
        .Of("A session takes the numbers 0x40 to 0x43; any other is EINVAL, the device's too.")
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Create();
            foreach (uint request in (uint[])[0xBA00, 0xBA3F, 0xBA44, 0x5413])
            {
                Refused.With(Errno.EINVAL, s.Kernel.Ioctl(session.Handle, request, RawIoctl.Named(s.Name())));
            }
        });

    public static Scenario Session_KnownNumberOfAnotherType_ENOTTY => Scenario
        .Of("ENOTTY for a known number of another type, before the kind of session is looked at.")
        .Kernel(static s => Refused.With(
            Errno.ENOTTY, s.Kernel.Ioctl(s.Create().Handle, 0xBB42, RawIoctl.FinishArgument())));

    public static Scenario Session_WrongKind_EINVAL_BeforeTheSize => Scenario
        .Of("FINISH and RETRIEVE_FD need an incoming session, PRESERVE_FD an outgoing one; the kind is checked before size and tail.")
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Create();
            byte[] dirtyTail = RawIoctl.FinishArgument(0, 100);
            dirtyTail[^1] = 1;
            Refused.With(Errno.EINVAL, s.Kernel.Ioctl(session.Handle, RawIoctl.Finish, dirtyTail));
            Refused.With(Errno.EINVAL, s.Kernel.Ioctl(session.Handle, RawIoctl.RetrieveFd, RawIoctl.File(-1, 1)));
            session.Preserve(s.MemfdWith(4096, 2), 1);
            session.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Retrieve();
            byte[] dirtyTail = RawIoctl.File(0, 9, 100);
            dirtyTail[^1] = 1;
            Refused.With(Errno.EINVAL, s.Kernel.Ioctl(session.Handle, RawIoctl.PreserveFd, dirtyTail));
        });

    public static Scenario Session_ShortSize_EINVAL_DirtyTail_E2BIG => Scenario
        .Of("Size and tail rules hold for a session's calls too.")
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Create();
            Refused.With(Errno.EINVAL, s.Kernel.Ioctl(session.Handle, RawIoctl.PreserveFd, RawIoctl.File(0, 1, 15)));
            Refused.With(Errno.EINVAL, s.Kernel.Ioctl(session.Handle, RawIoctl.GetName, RawIoctl.Named("", 71)));
            byte[] dirtyTail = RawIoctl.File(0, 1, 24);
            dirtyTail[^1] = 1;
            Refused.With(Errno.E2BIG, s.Kernel.Ioctl(session.Handle, RawIoctl.PreserveFd, dirtyTail));
        });

    public static Scenario Session_ReadWriteSeek_Refused => Scenario
        .Of("A session has no read, write or seek: EINVAL, EINVAL, ESPIPE.")
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Create();
            byte[] buffer = new byte[8];
            Refused.With(Errno.EINVAL, s.Kernel.Read(session.Handle, buffer));
            Refused.With(Errno.EINVAL, s.Kernel.Write(session.Handle, buffer));
            Refused.With(Errno.ESPIPE, s.Kernel.LSeek(session.Handle, 0, SeekOrigin.Begin));
        });
}

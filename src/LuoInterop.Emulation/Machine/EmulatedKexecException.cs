using LuoInterop.Interop;

namespace LuoInterop.Emulation;

/// <summary>Unwinds a program whose emulated kernel jumped into the loaded one: reboot(LINUX_REBOOT_CMD_KEXEC).</summary>
/// <remarks>
/// Threads that are inside a session's call at that moment block for ever on Linux (the write lock of
/// luo_session_serialize in kernel/liveupdate/luo_session.c is kept); here their call throws this exception.
/// </remarks>
public sealed class EmulatedKexecException()
    : EmulatedRebootException(RebootHeader.LINUX_REBOOT_CMD_KEXEC, "The emulated kernel was replaced by the loaded one (kexec).")
{
    internal override EmulatedRebootException Again() => new EmulatedKexecException();
}

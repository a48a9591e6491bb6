using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Server.Seccomp;
using LuoInterop.Interop;

namespace LuoInterop.Emulation.Server.Calls;

/// <summary>Answers reboot(2).</summary>
internal static class RebootCalls
{
    // include/uapi/linux/reboot.h.
    private static readonly uint[] s_secondMagics = [RebootHeader.LINUX_REBOOT_MAGIC2, 85072278, 369367448, 537993216];

    public static CallAnswer Answer(TrappedCall call)
    {
        if (unchecked((uint)call.Address(0)) != RebootHeader.LINUX_REBOOT_MAGIC1
            || !s_secondMagics.Contains(unchecked((uint)call.Address(1))))
        {
            return Refused.EINVAL;
        }

        uint command = unchecked((uint)call.Address(2));
        try
        {
            return call.Kernel.Trace is { } trace
                ? trace.Reboot(command, () => call.Own.Reboot(command))
                : call.Own.Reboot(command);
        }
        catch (EmulatedFrozenFileException difference)
        {
            // What was done to these files Linux would have refused: nothing that comes after it would be true.
            call.Kernel.Fail(difference.Message);
            return CallAnswer.Never;
        }
    }
}

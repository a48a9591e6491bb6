using LuoInterop.Emulation.Server.Descriptors;
using LuoInterop.Emulation.Server.Interop;
using LuoInterop.Emulation.Server.Seccomp;
using LuoInterop.Interop;
using Microsoft.Win32.SafeHandles;

namespace LuoInterop.Emulation.Server.Calls;

/// <summary>Answers what Linux refuses for a preserved memory file: ftruncate(2), fallocate(2) and F_ADD_SEALS.</summary>
internal static class MemoryFileCalls
{
    public static CallAnswer Answer(TrappedCall call)
    {
        if (call.System.Inodes.IsEmpty)
        {
            return CallAnswer.Continue;
        }

        int copy = RemoteProcess.Duplicate(call.Process, call.Int(0));
        if (copy < 0)
        {
            return CallAnswer.Continue;
        }

        using var file = new SafeFileHandle(copy, ownsHandle: true);
        lock (call.System.Lock)
        {
            if (call.System.Inodes.Find(copy, out _) is null)
            {
                return CallAnswer.Continue;
            }
        }

        return call.Number switch
        {
            CallNumbers.ftruncate => call.Own.FTruncate(file, (long)call.Address(1)),
            CallNumbers.fallocate => call.Own.FAllocate(file, call.Int(1), (long)call.Address(2), (long)call.Address(3)),
            _ => call.Own.Fcntl(file, FcntlHeader.F_ADD_SEALS, call.Int(2)),
        };
    }
}

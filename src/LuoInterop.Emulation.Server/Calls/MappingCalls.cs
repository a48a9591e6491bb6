using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Memfd;
using LuoInterop.Emulation.Server.Seccomp;

namespace LuoInterop.Emulation.Server.Calls;

/// <summary>Answers madvise(2) with MADV_REMOVE, which makes a hole in a mapped file: of a preserved one it is refused.</summary>
internal static class MappingCalls
{
    public static CallAnswer Answer(TrappedCall call)
    {
        if (call.System.Inodes.IsEmpty)
        {
            return CallAnswer.Continue;
        }

        lock (call.System.Lock)
        {
            return MappedFiles.Overlaps(
                call.Process, unchecked((nint)call.Address(0)), unchecked((nuint)call.Address(1)), call.System.Inodes.Frozen())
                ? Refused.EPERM
                : CallAnswer.Continue;
        }
    }
}

using System.Text;
using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Server.Descriptors;
using LuoInterop.Emulation.Server.Seccomp;
using Microsoft.Win32.SafeHandles;

namespace LuoInterop.Emulation.Server.Calls;

/// <summary>Answers readlink(2) of the links of /proc that lead to emulated files and to retrieved ones.</summary>
internal static class LinkCalls
{
    // Of a memory file, and of any other without a name.
    private const string DeletedEnd = " (deleted)";

    public static CallAnswer Answer(TrappedCall call, int folder, string? path, ulong buffer, ulong size)
    {
        // Only the names of descriptors, which are numbers, are of interest.
        if (path is null or "" || !char.IsAsciiDigit(path[^1])
            || PathName.Resolve(call.Process, folder, path) is not { } full
            || PathName.Descriptor(call.Process, full) is not { } link)
        {
            return CallAnswer.Continue;
        }

        string? text = call.Kernel.Placeholders.Find(RemoteProcess.FindSocket(link.Process, link.Fd)) is { } file
            ? file.LinkText
            : RetrievedText(call, link.Process, link.Fd);
        if (text is null)
        {
            return CallAnswer.Continue;
        }

        int length = (int)Math.Min(size, int.MaxValue);
        if (length == 0)
        {
            return Refused.EINVAL;
        }

        byte[] bytes = Encoding.UTF8.GetBytes(text);
        length = Math.Min(length, bytes.Length);
        int error = new UserMemory(call.Process, unchecked((nint)buffer)).CopyTo(bytes.AsSpan(0, length));
        return error != 0 ? error : length;
    }

    // A retrieved file has another name than the host's file that holds its memory.
    private static string? RetrievedText(TrappedCall call, int process, int fd)
    {
        if (call.System.Inodes.IsEmpty
            || RemoteProcess.FindLink(process, fd)?.EndsWith(DeletedEnd, StringComparison.Ordinal) != true)
        {
            return null;
        }

        int copy = RemoteProcess.Duplicate(process, fd);
        if (copy < 0)
        {
            return null;
        }

        using var handle = new SafeFileHandle(copy, ownsHandle: true);
        return call.Own.ReadLink(handle, out string text) == 0 ? text : null;
    }
}

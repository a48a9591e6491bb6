using System.Globalization;
using System.Text;
using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using Tmds.Linux;

namespace LuoInterop.Emulation.Previews.HugeTlb;

/// <summary>A file of a pool in sysfs, procfs or the cgroup's folder: a number to be read, and perhaps written.</summary>
/// <param name="show">Gives the text, without the newline.</param>
/// <param name="store">Takes a text without white space around it: 0 or <c>-errno</c>; null for a file that only tells.</param>
internal sealed class HugeTlbNode(Func<string> show, Func<string, int>? store = null) : KernelFileNode
{
    private const int ERANGE = -(int)Errno.ERANGE;

    // Readable by all, writable by root.
    public override uint Mode => (ushort)LibC.S_IFREG | (store is null ? 0x124u : 0x1A4u);

    public override long Length => FileSystemType == SysFs ? 4096 : 0;

    /// <summary>Reads a number as kstrtoul() does with base 10 (lib/kstrtox.c): 0, EINVAL or ERANGE.</summary>
    public static int Parse(string text, out ulong value)
    {
        ReadOnlySpan<char> digits = text.AsSpan(text.StartsWith('+') ? 1 : 0);
        bool parsed = ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out value);
        return parsed ? 0 : digits.IsEmpty || digits.ContainsAnyExceptInRange('0', '9') ? Refused.EINVAL : ERANGE;
    }

    public override nint Read(long offset, Span<byte> buffer)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(show() + "\n");
        if (offset >= bytes.Length)
        {
            return 0;
        }

        int length = (int)Math.Min(buffer.Length, bytes.Length - offset);
        bytes.AsSpan((int)offset, length).CopyTo(buffer);
        return length;
    }

    public override nint Write(ReadOnlySpan<byte> buffer)
    {
        if (store is null)
        {
            return Refused.EIO;
        }

        int error = store(Encoding.Latin1.GetString(buffer).Trim('\n', ' ', '\t'));
        return error != 0 ? error : buffer.Length;
    }
}

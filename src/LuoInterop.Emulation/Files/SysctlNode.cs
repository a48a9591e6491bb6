using System.Globalization;
using System.Text;
using LuoInterop.Emulation.Interop;
using Tmds.Linux;

namespace LuoInterop.Emulation.Files;

/// <summary>A number in /proc/sys that programs read and write (proc_dointvec of kernel/sysctl.c).</summary>
/// <param name="get">Gives the number.</param>
/// <param name="set">Takes another one: <c>-errno</c> when it does not.</param>
internal sealed class SysctlNode(Func<int> get, Func<int, int> set) : KernelFileNode
{
    public override long Length => 0;

    public override uint Mode => (ushort)LibC.S_IFREG | 0x1a4u;

    public override nint Read(long offset, Span<byte> buffer)
    {
        // Everything is given to the first read.
        byte[] text = Encoding.ASCII.GetBytes(get().ToString(CultureInfo.InvariantCulture) + "\n");
        int length = offset > 0 ? 0 : Math.Min(text.Length, buffer.Length);
        text.AsSpan(0, length).CopyTo(buffer);
        return length;
    }

    public override nint Write(ReadOnlySpan<byte> buffer)
    {
        if (!int.TryParse(
            Encoding.Latin1.GetString(buffer).AsSpan().Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value))
        {
            return Refused.EINVAL;
        }

        int error = set(value);
        return error < 0 ? error : buffer.Length;
    }
}

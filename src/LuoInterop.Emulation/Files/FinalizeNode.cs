using System.Globalization;
using System.Text;
using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;
using Tmds.Linux;

namespace LuoInterop.Emulation.Files;

/// <summary>The file <c>out/finalize</c> (fops_kho_out_finalize of kexec_handover.c, Linux 6.16 to 7.0).</summary>
internal sealed class FinalizeNode(KexecHandover handover, KernelFiles files, KhoFinalization finalization) : KernelFileNode
{
    // simple_attr_write takes what fits into its buffer.
    private const int LongestNumber = 23;

    public override long Length => 0;

    public override uint Mode => (ushort)LibC.S_IFREG | 0x180u;

    public override nint Read(long offset, Span<byte> buffer)
    {
        ReadOnlySpan<byte> text = handover.IsFinalized ? "1\n"u8 : "0\n"u8;
        text = offset < text.Length ? text[(int)offset..] : [];
        text = text[..Math.Min(text.Length, buffer.Length)];
        text.CopyTo(buffer);
        return text.Length;
    }

    public override nint Write(ReadOnlySpan<byte> buffer)
    {
        if (!TryParse(Encoding.Latin1.GetString(buffer[..Math.Min(buffer.Length, LongestNumber)]), out ulong value))
        {
            return Refused.EINVAL;
        }

        int error = value != 0 ? handover.Complete()
            : finalization == KhoFinalization.ByHand ? handover.Abort()
            : Refused.EINVAL;
        if (error == 0 && finalization == KhoFinalization.ByHand)
        {
            if (value != 0)
            {
                files.ShowTree(handover);
            }
            else
            {
                files.HideTree();
            }
        }

        return error != 0 ? error : buffer.Length;
    }

    // kstrtoull with base 0, but that digits after a 0 are decimal: only whether the number is 0 counts.
    private static bool TryParse(string text, out ulong value)
    {
        text = text.EndsWith('\n') ? text[..^1] : text;
        text = text.StartsWith('+') ? text[1..] : text;
        bool hexadecimal = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        return ulong.TryParse(
            hexadecimal ? text.AsSpan(2) : text,
            hexadecimal ? NumberStyles.AllowHexSpecifier : NumberStyles.None,
            CultureInfo.InvariantCulture,
            out value);
    }
}

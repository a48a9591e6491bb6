using System.Buffers.Binary;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho;

/// <summary>Decodes the head of LUO's state in the forms of Linux 6.19 to 7.3, and names what is wrong with it.</summary>
internal static class LuoStateDecoder
{
    private const string Caution =
        "The kernel has freed the memory that this file shows (Linux 7.2 and later). It still looks right, but need not be.";

    public static KhoReading<LuoState> Decode(byte[] bytes, KhoDirection direction)
    {
        bool isTree = bytes.Length >= sizeof(uint) && BinaryPrimitives.ReadUInt32BigEndian(bytes) == KhoFdtHeader.FDT_MAGIC;
        KhoReading<LuoState> reading = isTree ? DecodeTree(bytes) : DecodeStructure(bytes);

        // What is not a sound head in the incoming file is foreign memory rather than damage.
        if (direction == KhoDirection.In && reading.State is KhoState.Malformed)
        {
            return KhoReading<LuoState>.Unusable(
                KhoState.Stale,
                "in/sub_fdts/LUO shows memory that the kernel has freed and used again (Linux 7.2 and later): "
                + $"{reading.Detail} Use the outgoing side.");
        }

        return direction == KhoDirection.In && reading.State == KhoState.Present && !isTree
            ? KhoReading<LuoState>.Present(reading.Value, Caution)
            : reading;
    }

    private static KhoReading<LuoState> DecodeStructure(byte[] bytes)
    {
        string format = SerName.Read(bytes.AsSpan(0, Math.Min(bytes.Length, LuoSer.LUO_ABI_COMPAT_LEN)));
        if (bytes.Length < LuoSer.Size)
        {
            return KhoReading<LuoState>.Unusable(
                IsLuoFormat(format) || bytes.Length == 0 ? KhoState.Truncated : KhoState.Malformed,
                $"The head of LUO's state has {LuoSer.Size} bytes; the file has {bytes.Length}.");
        }

        if (!IsLuoFormat(format) || bytes.AsSpan(format.Length, LuoSer.LUO_ABI_COMPAT_LEN - format.Length).ContainsAnyExcept((byte)0))
        {
            return KhoReading<LuoState>.Unusable(
                KhoState.Malformed, "The bytes do not begin with the name of a LUO format.");
        }

        if (format != LuoSer.LUO_ABI_COMPATIBLE)
        {
            return Unknown(format);
        }

        LuoSer head = LuoSer.Read(bytes);
        if (head.LiveupdateNum == 0 || head.SessionsPa % KhoRootFdt.PageSize != 0 || head.FlbsPa % KhoRootFdt.PageSize != 0)
        {
            return KhoReading<LuoState>.Unusable(
                KhoState.Malformed, "The head of LUO's state has the number 0, or an address that is not that of a page.");
        }

        return KhoReading<LuoState>.Present(new LuoState(format, head.LiveupdateNum, head.SessionsPa, head.FlbsPa));
    }

    private static KhoReading<LuoState> DecodeTree(byte[] bytes)
    {
        try
        {
            KhoFdt fdt = KhoFdt.Read(bytes);
            string? format = fdt.Root.FirstString("compatible");
            if (format is not null && format != LuoFdtV1.LUO_FDT_COMPATIBLE)
            {
                return IsLuoFormat(format)
                    ? Unknown(format)
                    : KhoReading<LuoState>.Unusable(KhoState.Malformed, $"The tree has the format \"{format}\", which is not one of LUO.");
            }

            if (!fdt.IsComplete)
            {
                return KhoReading<LuoState>.Unusable(
                    KhoState.Truncated, $"The LUO tree's header says {fdt.Header.TotalSize} bytes, the file has {fdt.Available}.");
            }

            if (format is null)
            {
                return KhoReading<LuoState>.Unusable(KhoState.Malformed, "The tree names no format.");
            }

            LuoFdtV1 head = LuoFdtV1.Read(fdt);
            return head.LiveupdateNum == 0
                ? KhoReading<LuoState>.Unusable(KhoState.Malformed, "The LUO tree has the number 0.")
                : KhoReading<LuoState>.Present(
                    new LuoState(format, head.LiveupdateNum, head.SessionHeader ?? 0, head.FlbHeader ?? 0));
        }
        catch (KhoFormatException error)
        {
            return KhoReading<LuoState>.Unusable(
                error.Error == KhoFormatError.Truncated ? KhoState.Truncated : KhoState.Malformed, error.Message);
        }
    }

    private static KhoReading<LuoState> Unknown(string format) => KhoReading<LuoState>.Unknown(
        format, $"LUO's state has the format \"{format}\"; luo-v1 (Linux 6.19 to 7.1) and luo-v5 (7.2 and 7.3) are known here.");

    private static bool IsLuoFormat(string format) =>
        format.Length > 5 && format.StartsWith("luo-v", StringComparison.Ordinal) && !format.AsSpan(5).ContainsAnyExceptInRange('0', '9');
}

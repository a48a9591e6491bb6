using LuoInterop.Interop;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Emulation.Memfd;

/// <summary>Reads and writes a preserved memfd's record in one form.</summary>
internal abstract class MemfdFormat
{
    /// <summary>Without seals: Linux 6.19 and 7.0.</summary>
    public static MemfdFormat V1 { get; } = new WithoutSeals();

    /// <summary>With seals: Linux 7.1 to 7.3.</summary>
    public static MemfdFormat V2 { get; } = new WithSeals();

    private static readonly MemfdFormat[] s_all = [V1, V2];

    /// <summary>Gets all forms, the oldest first.</summary>
    public static IReadOnlyList<MemfdFormat> All => s_all;

    /// <summary>Gets the handler's name in the records of files.</summary>
    public abstract string Compatible { get; }

    /// <summary>Gets the record's bytes.</summary>
    public abstract int Size { get; }

    /// <summary>Finds a form by its name, or null.</summary>
    public static MemfdFormat? Find(string compatible)
    {
        foreach (MemfdFormat format in s_all)
        {
            if (format.Compatible == compatible)
            {
                return format;
            }
        }

        return null;
    }

    /// <summary>Reads a record; its seals are those that the retrieved file gets.</summary>
    public abstract MemfdLuoSer Read(ReadOnlySpan<byte> source);

    /// <summary>Writes a record, as far as the form goes.</summary>
    public abstract void Write(in MemfdLuoSer ser, Span<byte> destination);

    private sealed class WithoutSeals : MemfdFormat
    {
        public override string Compatible => MemfdLuoSerV1.MEMFD_LUO_FH_COMPATIBLE;

        public override int Size => MemfdLuoSerV1.Size;

        // memfd_alloc_file("", 0): without MFD_ALLOW_SEALING the new file cannot be sealed.
        public override MemfdLuoSer Read(ReadOnlySpan<byte> source)
        {
            MemfdLuoSerV1 ser = MemfdLuoSerV1.Read(source);
            return new MemfdLuoSer(ser.Pos, ser.FileSize, FcntlHeader.F_SEAL_SEAL, 0, ser.NrFolios, ser.Folios);
        }

        public override void Write(in MemfdLuoSer ser, Span<byte> destination) =>
            new MemfdLuoSerV1(ser.Pos, ser.FileSize, ser.NrFolios, ser.Folios).Write(destination);
    }

    private sealed class WithSeals : MemfdFormat
    {
        public override string Compatible => MemfdLuoSer.MEMFD_LUO_FH_COMPATIBLE;

        public override int Size => MemfdLuoSer.Size;

        public override MemfdLuoSer Read(ReadOnlySpan<byte> source) => MemfdLuoSer.Read(source);

        public override void Write(in MemfdLuoSer ser, Span<byte> destination) => ser.Write(destination);
    }
}

namespace LuoInterop.Kho.Abi;

/// <summary>Describes a fixed-size structure of the handover, packed and in native (little) endian.</summary>
public interface IKhoSer<TSelf>
    where TSelf : struct, IKhoSer<TSelf>
{
    /// <summary>Gets the size of the structure in bytes.</summary>
    static abstract int SerSize { get; }

    /// <summary>Decodes the first <see cref="SerSize"/> bytes.</summary>
    /// <exception cref="KhoFormatException">The source is shorter.</exception>
    static abstract TSelf Read(ReadOnlySpan<byte> source);

    /// <summary>Encodes into the first <see cref="SerSize"/> bytes, padding included.</summary>
    /// <exception cref="ArgumentException">The destination is shorter, or a member does not fit its field.</exception>
    void Write(Span<byte> destination);
}

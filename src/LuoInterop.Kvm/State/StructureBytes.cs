namespace LuoInterop.Kvm.State;

/// <summary>Makes the bytes of a structure that another kernel gave fit this one's.</summary>
internal static class StructureBytes
{
    /// <summary>Gives exactly as many bytes as this kernel takes.</summary>
    /// <remarks>A kernel that knows more of a structure has it longer, and zeroes there mean what leaving it out means.</remarks>
    /// <exception cref="KvmStateException">There are none, or this kernel has no place for a part that is not zero.</exception>
    public static ReadOnlySpan<byte> Fit<T>(ReadOnlySpan<byte> bytes, int size, T structure)
        where T : struct, Enum
    {
        if (bytes.IsEmpty)
        {
            throw new KvmStateException(KvmStateFault.Incomplete, $"The state has no {structure}.");
        }

        if (bytes.Length > size)
        {
            return !bytes[size..].ContainsAnyExcept((byte)0)
                ? bytes[..size]
                : throw new KvmStateException(
                    KvmStateFault.Refused,
                    $"This kernel has {size} bytes for {structure}; the state has {bytes.Length}, and the rest is not zero.");
        }

        if (bytes.Length == size)
        {
            return bytes;
        }

        byte[] longer = new byte[size];
        bytes.CopyTo(longer);
        return longer;
    }
}

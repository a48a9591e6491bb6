using System.Buffers.Binary;

namespace LuoInterop.Kho.Abi;

/// <summary>Codes <c>struct kho_kexec_metadata</c> (<c>include/linux/kho/abi/kexec_metadata.h</c>, since Linux 7.1).</summary>
/// <param name="Version">The structure's version, <see cref="KHO_KEXEC_METADATA_VERSION"/>.</param>
/// <param name="PreviousRelease">The release of the kernel that wrote it, one character per byte.</param>
/// <param name="KexecCount">The number of kexecs since the last cold boot, counted by the kernel that receives it.</param>
public readonly record struct KexecMetadata(uint Version, string PreviousRelease, uint KexecCount) : IKhoSer<KexecMetadata>
{
    /// <summary>73 bytes: the structure is packed, and the last member is not aligned.</summary>
    public const int Size = 4 + ReleaseLength + 4;

    /// <summary><c>__NEW_UTS_LEN + 1</c> bytes, the terminating NUL included.</summary>
    public const int ReleaseLength = 65;

    /// <summary>The kernel's <c>KHO_KEXEC_METADATA_VERSION</c>.</summary>
    public const uint KHO_KEXEC_METADATA_VERSION = 1;

    /// <summary>The sub-tree's name in the KHO tree.</summary>
    public const string KHO_METADATA_NODE_NAME = "kexec-metadata";

    static int IKhoSer<KexecMetadata>.SerSize => Size;

    /// <inheritdoc/>
    public static KexecMetadata Read(ReadOnlySpan<byte> source)
    {
        KhoFormatException.RequireSize(source, Size, "kho_kexec_metadata");
        return new KexecMetadata(
            BinaryPrimitives.ReadUInt32LittleEndian(source),
            SerName.Read(source.Slice(4, ReleaseLength)),
            BinaryPrimitives.ReadUInt32LittleEndian(source[(4 + ReleaseLength)..]));
    }

    /// <inheritdoc/>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(destination, Version);
        SerName.Write(PreviousRelease, destination.Slice(4, ReleaseLength));
        BinaryPrimitives.WriteUInt32LittleEndian(destination[(4 + ReleaseLength)..], KexecCount);
    }
}

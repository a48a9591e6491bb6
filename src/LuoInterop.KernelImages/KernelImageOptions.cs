namespace LuoInterop.KernelImages;

/// <summary>Says how far the reading of a kernel image may go. Immutable.</summary>
public sealed record KernelImageOptions
{
    /// <summary>Gets the most bytes that the kernel inside may have; 512 MiB unless said otherwise. Debian's has 62 MB.</summary>
    /// <remarks>It bounds the memory too: unpackers keep at most this much, and 128 MiB, of what came out.</remarks>
    public long MaximumKernelBytes { get; init; } = 512L << 20;

    /// <summary>Gets the profile of a UKI to look at, counted from 0; what it lacks is taken from what stands before the first.</summary>
    public int Profile { get; init; }

    /// <summary>Gets the configuration to believe where the image has none; null for none.</summary>
    public KernelConfiguration? Configuration { get; init; }
}

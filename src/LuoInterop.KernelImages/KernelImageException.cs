namespace LuoInterop.KernelImages;

/// <summary>Says why a kernel image cannot be read.</summary>
public enum KernelImageError
{
    /// <summary>It begins like no kernel image.</summary>
    NotAKernel,

    /// <summary>Its end is missing, or a header points past it.</summary>
    Cut,

    /// <summary>A header or the packed kernel contradicts itself.</summary>
    Damaged,

    /// <summary>The kernel inside is packed in a way that is not known.</summary>
    UnknownCompression,

    /// <summary>Unpacking it needs more memory or gives more bytes than <see cref="KernelImageOptions"/> allow.</summary>
    TooLarge,

    /// <summary>It is an EFI program without a kernel, or a UKI without the profile that was asked for.</summary>
    NothingInside,

    /// <summary>The file could not be read: see the inner exception.</summary>
    Unreadable,
}

/// <summary>Reports a kernel image that cannot be read.</summary>
public sealed class KernelImageException : Exception
{
    /// <summary>Makes a report.</summary>
    /// <param name="error">Why.</param>
    /// <param name="message">Why, for people.</param>
    /// <param name="inner">What was thrown below; null for nothing.</param>
    public KernelImageException(KernelImageError error, string message, Exception? inner = null)
        : base(message, inner) => Error = error;

    /// <summary>Gets why.</summary>
    public KernelImageError Error { get; }
}

namespace LuoInterop.Systemd;

/// <summary>Says how a memory is kept.</summary>
public sealed class PersistentMemoryOptions
{
    /// <summary>Gets or sets the size in bytes that the application has of it.</summary>
    public long Size { get; set; }

    /// <summary>Gets or sets the number of the layout that the application writes: change it when old bytes mean something else.</summary>
    public int DataVersion { get; set; } = 1;

    /// <summary>Gets or sets what becomes of a memory of another data version, or of one larger than the size now asked for: Refuse or
    /// StartNew. A smaller one is made larger, and its new part is zero.</summary>
    public MemoryAction WhenLayoutDiffers { get; set; } = MemoryAction.Refuse;

    /// <summary>Gets or sets what becomes of a memory that was not closed, or was changed since.</summary>
    public MemoryAction WhenNotWhole { get; set; } = MemoryAction.Keep;

    /// <summary>Gets or sets whether the content's checksum (XxHash128) is made at the stop and looked at when it comes back. It reads
    /// all of
    /// the memory.</summary>
    public bool UseChecksum { get; set; } = true;

    /// <summary>Gets or sets whether a start fails where the memory would not be kept.</summary>
    public bool RequireStore { get; set; }

    /// <summary>Gets or sets whether transparent huge pages are asked for.</summary>
    public bool AdviseHugePages { get; set; }

    /// <summary>Gets or sets how long to wait for systemd.</summary>
    public TimeSpan Timeout { get; set; } = FileDescriptorStore.DefaultTimeout;

    /// <summary>Says what is wrong, or null.</summary>
    internal string? Validate() =>
        Size <= 0 ? "Size is the number of bytes of the memory, and more than 0."
        : Size > long.MaxValue / 2 ? "Size is larger than any file."
        : WhenLayoutDiffers is not (MemoryAction.Refuse or MemoryAction.StartNew)
            ? "WhenLayoutDiffers is Refuse or StartNew: bytes of another layout are not given to the application."
        : !Enum.IsDefined(WhenNotWhole) ? "WhenNotWhole is Refuse, StartNew or Keep."
        : Timeout <= TimeSpan.Zero && Timeout != System.Threading.Timeout.InfiniteTimeSpan ? "Timeout is longer than 0."
        : null;
}

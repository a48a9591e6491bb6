namespace LuoInterop.KernelImages;

/// <summary>Says what becomes of something that is handed over, in the next kernel. Ordered: what is worse comes later.</summary>
public enum Consequence
{
    /// <summary>The next kernel takes it.</summary>
    Carried,

    /// <summary>What is known does not say.</summary>
    Unknown,

    /// <summary>The next kernel boots, and it is gone. Nothing but the kernel's log says so.</summary>
    SilentlyDropped,

    /// <summary>The next kernel boots, and the open of /dev/liveupdate fails with EIO until the boot after it: all sessions are
    /// lost.</summary>
    EioAtOpen,

    /// <summary>The next kernel panics while it boots.</summary>
    PanicAtBoot,
}

namespace LuoInterop;

/// <summary>Says why the live update device cannot be used.</summary>
public enum LiveUpdateUnavailableReason
{
    /// <summary>The device is there and was opened.</summary>
    None,
    /// <summary>The kernel was built without KHO or LUO, or is older than 6.19.</summary>
    NotBuilt,
    /// <summary>KHO is switched off on the kernel's command line.</summary>
    KhoOff,
    /// <summary>The kernel was booted without <c>liveupdate=on</c>.</summary>
    LiveUpdateOff,
    /// <summary>There is no such file, and the kernel does not tell why.</summary>
    NoDevice,
    /// <summary>Another open of the device is in use: it is a single-opener device.</summary>
    Busy,
    /// <summary>The process may not open the device.</summary>
    NoPermission,
    /// <summary>The sessions of the previous kernel could not be read; every open in this boot says so.</summary>
    IncomingStateUnreadable,
    /// <summary>The path leads to something else, or the kernel refuses for another reason.</summary>
    Other,
}

/// <summary>Tells whether live update can be used here, and if not, why and what to do.</summary>
/// <param name="Reason">The reason, <see cref="LiveUpdateUnavailableReason.None"/> when it can be used.</param>
/// <param name="Errno">The error number with which the kernel refused to open the device.</param>
/// <param name="Message">A sentence that says what is wrong.</param>
/// <param name="Advice">A sentence that says what to do.</param>
public sealed record LiveUpdateAvailability(LiveUpdateUnavailableReason Reason, Errno Errno, string Message, string Advice)
{
    /// <summary>Gets whether the device can be opened.</summary>
    public bool IsAvailable => Reason == LiveUpdateUnavailableReason.None;

    /// <inheritdoc/>
    public override string ToString() => $"{Message} {Advice}".TrimEnd();
}

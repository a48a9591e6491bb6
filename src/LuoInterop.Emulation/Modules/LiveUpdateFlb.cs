using LuoInterop.Kho.Abi;

namespace LuoInterop.Emulation;

/// <summary>Describes state that lives as long as files that depend on it are preserved (<c>struct liveupdate_flb</c>,
/// include/linux/liveupdate.h, since Linux 7.0).</summary>
/// <remarks>Immutable. What becomes of it is kept by each emulated kernel that it is registered with.</remarks>
public sealed class LiveUpdateFlb
{
    /// <summary>Describes an object.</summary>
    /// <param name="compatible">Its name and version, by which the next kernel finds it: 1 to 47 printable ASCII characters
    /// (LIVEUPDATE_FLB_COMPAT_LENGTH).</param>
    /// <param name="operations">Its callbacks.</param>
    /// <exception cref="ArgumentException">The name does not fit.</exception>
    public LiveUpdateFlb(string compatible, LiveUpdateFlbOperations operations)
    {
        ArgumentNullException.ThrowIfNull(operations);
        LiveUpdateFileHandler.CheckCompatible(compatible, LuoFlbSer.LIVEUPDATE_FLB_COMPAT_LENGTH);
        Compatible = compatible;
        Operations = operations;
    }

    /// <summary>Gets the name and version.</summary>
    public string Compatible { get; }

    /// <summary>Gets the callbacks.</summary>
    public LiveUpdateFlbOperations Operations { get; }
}

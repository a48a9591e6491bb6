namespace LuoInterop.Emulation;

/// <summary>Carries what a callback of a file-lifecycle-bound object gets and sets (<c>struct liveupdate_flb_op_args</c>,
/// include/linux/liveupdate.h).</summary>
public sealed class LiveUpdateFlbArguments
{
    internal LiveUpdateFlbArguments(LiveUpdateFlb flb) => Flb = flb;

    /// <summary>Gets the object that the call is for.</summary>
    public LiveUpdateFlb Flb { get; }

    /// <summary>Gets or sets the handle to the saved state, a word that the next kernel gets: most often an address of
    /// <see cref="KhoMemory"/>.</summary>
    public ulong Data { get; set; }

    /// <summary>Gets or sets the live object. Null says, to Linux too, that there is none.</summary>
    public object? Instance { get; set; }
}

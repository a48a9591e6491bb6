namespace LuoInterop.Emulation;

/// <summary>Holds the callbacks of a file-lifecycle-bound object (<c>struct liveupdate_flb_ops</c>, include/linux/liveupdate.h,
/// since Linux 7.0).</summary>
/// <remarks>
/// All four are required: without one <see cref="ModuleContext.RegisterFlb"/> answers EINVAL. They run with the emulated
/// kernel's lock held, never two at once, and must not ask for their own object: Linux deadlocks there, the emulation throws.
/// An exception of a callback passes through the call of the program that led to it, as an oops would,
/// and leaves the object's state undefined.
/// </remarks>
public sealed class LiveUpdateFlbOperations
{
    /// <summary>Gets what saves the state when the first dependent file is preserved: sets Data and Instance, and returns 0 or
    /// <c>-errno</c>, which PRESERVE_FD answers.</summary>
    public Func<LiveUpdateFlbArguments, int>? Preserve { get; init; }

    /// <summary>Gets what drops the saved state when the last dependent file is no longer preserved; gets Data and Instance.</summary>
    public Action<LiveUpdateFlbArguments>? Unpreserve { get; init; }

    /// <summary>Gets what makes the object in the next kernel when it is first asked for: gets Data, sets Instance, and returns 0 or
    /// <c>-errno</c>, which stays the answer.</summary>
    public Func<LiveUpdateFlbArguments, int>? Retrieve { get; init; }

    /// <summary>Gets what ends the object in the next kernel after the last dependent file is finished; gets Instance.</summary>
    public Action<LiveUpdateFlbArguments>? Finish { get; init; }
}

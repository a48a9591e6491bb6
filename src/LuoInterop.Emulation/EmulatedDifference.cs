namespace LuoInterop.Emulation;

/// <summary>States one thing that the emulated kernel knowingly does otherwise than Linux.</summary>
/// <param name="Id">Its name for tests and pages, of small letters and hyphens.</param>
/// <param name="Call">The call or the thing that is different.</param>
/// <param name="Emulated">What the emulated kernel does.</param>
/// <param name="Linux">What Linux does.</param>
/// <param name="Why">Why the two differ.</param>
internal sealed record EmulatedDifference(string Id, string Call, string Emulated, string Linux, string Why)
{
    /// <summary>Says it in one line for people.</summary>
    public override string ToString() => $"{Call}: {Emulated}. On Linux: {Linux}. ({Id}: {Why})";
}

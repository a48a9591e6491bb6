namespace LuoInterop.HandoverBytes.Tests;

/// <summary>Keeps the tests of both kernels apart.</summary>
/// <remarks>
/// A process that is being started holds, until it execs, every file that this one has open: an image that is just being written
/// would still have a writer when it is loaded (ETXTBSY).
/// </remarks>
internal static class Handovers
{
    public const string Name = "handovers";
}

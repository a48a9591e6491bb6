using LuoInterop.Kho.Abi;

namespace LuoInterop.Emulation.Boot;

/// <summary>Holds what a boot loader, or the kernel before, gives a kernel beside memory.</summary>
/// <param name="Release">The release of the kernel in the image.</param>
/// <param name="CommandLine">Its command line.</param>
/// <param name="Handover">The addresses of KHO's data; null on a cold boot, or where the kernel before had KHO off.</param>
internal sealed record BootParameters(string Release, string CommandLine, KhoSetupData? Handover)
{
    /// <summary>Gets what the kernel was built with, as far as its image tells.</summary>
    public KernelFeatures Features { get; init; } = KernelFeatures.Unknown;

    /// <summary>Gets the words of the command line up to <c>--</c>.</summary>
    public IReadOnlyList<string> Words { get; } =
        [.. CommandLine.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).TakeWhile(static word => word != "--")];
}

using LuoInterop.KernelImages;
using LuoInterop.Kho;
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

    /// <summary>Gets the parameters that early code of the kernel reads (parse_early_param).</summary>
    public IReadOnlyList<KernelParameter> Early { get; } = KernelParameter.Read(CommandLine);

    /// <summary>Puts CONFIG_CMDLINE before the command line, and cuts what is too long, as setup_arch() of x86 does.</summary>
    public BootParameters WithBuiltIn(string builtIn)
    {
        if (builtIn.Length == 0)
        {
            return this;
        }

        string line = KernelParameter.ToBytes($"{builtIn} {CommandLine}");
        return new(
            Release,
            KernelParameter.ToText(line[..Math.Min(line.Length, KernelParameter.COMMAND_LINE_SIZE - 1)]),
            Handover) { Features = Features };
    }
}

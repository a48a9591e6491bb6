using System.Globalization;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using LuoInterop.VmBenchmarks;

namespace LuoInterop.Benchmarks;

/// <summary>Says on what was measured.</summary>
/// <param name="Cores">The number of processors that the kernel uses.</param>
/// <param name="Processor">Its name, as the kernel gives it.</param>
/// <param name="Memory">Bytes of memory.</param>
/// <param name="Kernel">The kernel's release.</param>
/// <param name="Dotnet">The runtime's version.</param>
/// <param name="Accelerator">What QEMU ran on; null outside a VM of ours.</param>
/// <param name="Descriptors">How many descriptors a process may have.</param>
internal sealed partial record MachineDescription(
    int Cores, string Processor, long Memory, string Kernel, string Dotnet, string? Accelerator = null, long? Descriptors = null)
{
    /// <summary>Gets the machine that this program runs on.</summary>
    public static MachineDescription Current => new(
        Environment.ProcessorCount,
        HostProcessor.Name,
        GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
        Environment.OSVersion.Version.ToString(2),
        Environment.Version.ToString(),
        Descriptors: DescriptorLimit.Current);

    /// <summary>Gets the processor that does the work, and what translates for it: a VM's run names its host's with other things.</summary>
    [JsonIgnore]
    public string Chip => HostOfVm().Match(Processor) is { Success: true } host ? $"{host.Groups[1].Value}, {Accelerator}" : Processor;

    /// <summary>Gives the description as a sentence without its end.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Cores} cores ({Processor}), {Memory >> 30} GiB of memory, Linux "
        + $"{Kernel}{(Accelerator is null ? "" : $" in QEMU ({Accelerator})")}, .NET "
        + $"{Dotnet}{(Descriptors is { } limit ? $", RLIMIT_NOFILE {limit:N0}" : "")}");

    [GeneratedRegex(@"^virtual; the host: \d+ cores \((.+)\), \d+ GiB of memory")]
    private static partial Regex HostOfVm();
}

using System.Globalization;

namespace LuoInterop.VmBenchmarks;

/// <summary>Is everything that was measured, and on what.</summary>
public sealed record BenchResults
{
    public required string Date { get; init; }

    public required string Machine { get; init; }

    public required string Kernel { get; init; }

    public required string Accelerator { get; init; }

    public required int MemoryMiB { get; init; }

    /// <summary>Gets the largest difference in seconds between the two clocks of a kexec.</summary>
    public required double ClockDifference { get; init; }

    public required double CyclesPerSecond { get; init; }

    /// <summary>Gets how many works do not count because the console did not print when their kernel left.</summary>
    public required int LostWorks { get; init; }

    public required IReadOnlyList<CallResult> Calls { get; init; }

    /// <summary>Gets the calls that need no live update, on the host itself.</summary>
    public required IReadOnlyList<CallResult> HostCalls { get; init; }

    /// <summary>Gets the bytes a second of memcpy.</summary>
    public required IReadOnlyList<double> CopyBytesPerSecond { get; init; }

    /// <summary>Gets the bytes of a SafeFileHandle, and of a Memfd with its handle: what retrieving returns.</summary>
    public required IReadOnlyList<double> ObjectBytes { get; init; }

    public required IReadOnlyList<UpdateResult> Updates { get; init; }

    public required IReadOnlyList<DiskResult> Disks { get; init; }

    /// <summary>Gives the bytes of the object that an operation returns, where they were measured.</summary>
    public double? ObjectOf(string operation) => operation switch
    {
        "retrieve a file and its handle" => ObjectBytes[0],
        "retrieve a memfd and its handle" => ObjectBytes[1],
        _ => null,
    };

    /// <summary>Collects the results of the VM with live update and of the one without; either may be missing.</summary>
    internal static BenchResults Of(BenchOptions options, IReadOnlyList<CallResult> hostCalls, RunRecord? live, RunRecord? plain)
    {
        RunRecord any = live ?? plain ?? throw new ArgumentException("Nothing was measured.", nameof(live));
        return new BenchResults
        {
            Date = DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            Machine = Host,
            Kernel = any.Kernel,
            Accelerator = any.Accelerator,
            MemoryMiB = options.MemoryMiB,
            ClockDifference = any.ClockDifference,
            CyclesPerSecond = any.CyclesPerSecond,
            LostWorks = (live?.Lost ?? 0) + (plain?.Lost ?? 0),
            Calls = live?.Calls() ?? [],
            HostCalls = hostCalls,
            CopyBytesPerSecond = live?.Sent("limit/copy") ?? [],
            ObjectBytes = live?.Sent("limit/objects") ?? [],
            Updates = live?.Updates() ?? [],
            Disks = plain?.Disks() ?? [],
        };
    }

    private static string Host => string.Create(
        CultureInfo.InvariantCulture,
        $"{Environment.ProcessorCount} cores ({HostProcessor.Name}), {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 30} GiB of "
        + $"memory, Linux {Environment.OSVersion.Version.ToString(2)}, .NET {Environment.Version}");
}

using MiniVmm.Guests;

namespace MiniVmm.Demo;

/// <summary>Says what the demo runs.</summary>
internal sealed record DemoOptions
{
    /// <summary>Gets how many live updates to go through.</summary>
    public required int Updates { get; init; }

    /// <summary>Gets each guest's RAM in bytes.</summary>
    public required long Memory { get; init; }

    /// <summary>Gets the number of vCPUs of each guest.</summary>
    public required int Cpus { get; init; }

    /// <summary>Gets what the guests run; each guest has the name of its program.</summary>
    public required IReadOnlyList<IGuestProgram> Programs { get; init; }

    /// <summary>Gets whether the guests' RAM is asked for in folios of 2 MiB.</summary>
    public bool HugePages { get; init; } = true;

    /// <summary>Gets the seed of the moments at which updates begin; null for as soon as every guest has shown that it runs.</summary>
    public int? Seed { get; init; }

    /// <summary>Gets the longest time, with a seed, from the moment at which every guest has shown that it runs to an update.</summary>
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Gets how long a guest may take to show that it runs.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(2);
}

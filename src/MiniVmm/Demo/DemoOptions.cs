namespace MiniVmm.Demo;

/// <summary>Says what the demo runs.</summary>
internal sealed record DemoOptions
{
    /// <summary>Gets how many live updates to go through.</summary>
    public required int Updates { get; init; }

    /// <summary>Gets the guest's RAM in bytes.</summary>
    public required long Memory { get; init; }

    /// <summary>Gets the number of vCPUs.</summary>
    public required int Cpus { get; init; }

    /// <summary>Gets the guest's command line.</summary>
    public required string CommandLine { get; init; }

    /// <summary>Reads the guest's kernel.</summary>
    public required Func<byte[]> Kernel { get; init; }

    /// <summary>Reads its initial root.</summary>
    public required Func<byte[]> Initrd { get; init; }

    /// <summary>Gets how many lines the guest must have written since its start or the last update before the next one.</summary>
    public int LinesBetweenUpdates { get; init; } = 5;

    /// <summary>Gets how long to wait for them.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(2);
}

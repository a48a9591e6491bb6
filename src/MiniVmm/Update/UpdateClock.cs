namespace MiniVmm.Update;

/// <summary>Holds when a kernel and a program in it started, in nanoseconds of that kernel's monotonic clock.</summary>
/// <param name="KernelStart">When the kernel's clock began: 0, unless kernels share a clock.</param>
/// <param name="ProcessStart">When the program's process was started.</param>
/// <param name="MainEntered">When the program's own code began.</param>
internal sealed record UpdateClock(long KernelStart, long ProcessStart, long MainEntered)
{
    private static long s_mainEntered;

    /// <summary>Gets or sets when the program had opened its update.</summary>
    public long Opened { get; set; }

    /// <summary>Reads them for this process, on the kernel that runs it.</summary>
    public static UpdateClock OfThisProcess() => new(0, UpdateTimeline.ProcessStart(), s_mainEntered);

    /// <summary>Records that the program's own code begins; the first thing that it does.</summary>
    public static void EnterMain() => s_mainEntered = UpdateTimeline.Now();
}

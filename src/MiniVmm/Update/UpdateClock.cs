namespace MiniVmm.Update;

/// <summary>Holds when a kernel and a program in it started, in nanoseconds of that kernel's monotonic clock.</summary>
/// <param name="kernelStart">When the kernel's clock began: 0, unless kernels share a clock.</param>
/// <param name="processStart">When the program's process was started; null for this one, which is asked for only when it is needed.</param>
/// <param name="mainEntered">When the program's own code began.</param>
internal sealed class UpdateClock(long kernelStart, long? processStart, long mainEntered)
{
    private static long s_mainEntered;

    /// <summary>Gets when the kernel's clock began.</summary>
    public long KernelStart => kernelStart;

    /// <summary>Gets when the program's process was started.</summary>
    public long ProcessStart => processStart ?? UpdateTimeline.ProcessStart();

    /// <summary>Gets when the program's own code began.</summary>
    public long MainEntered => mainEntered;

    /// <summary>Gets or sets when the program had opened its update.</summary>
    public long Opened { get; set; }

    /// <summary>Makes that of this process, on the kernel that runs it.</summary>
    public static UpdateClock OfThisProcess() => new(0, null, s_mainEntered);

    /// <summary>Records that the program's own code begins; the first thing that it does.</summary>
    public static void EnterMain() => s_mainEntered = UpdateTimeline.Now();
}

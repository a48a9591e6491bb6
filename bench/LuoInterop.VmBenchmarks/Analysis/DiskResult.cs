namespace LuoInterop.VmBenchmarks;

/// <summary>Is one way of memory to a disk, through a plain kexec, and back.</summary>
/// <param name="Bytes">How much it was.</param>
/// <param name="SaveSeconds">The writing, until the disk has it.</param>
/// <param name="DownSeconds">From the call of reboot(2) to the next kernel's program.</param>
/// <param name="LoadSeconds">The reading.</param>
public sealed record DiskResult(long Bytes, double SaveSeconds, double DownSeconds, double LoadSeconds);

namespace LuoInterop.Demo;

/// <summary>Names the kernel that the demo starts.</summary>
/// <param name="ImagePath">The kernel image.</param>
/// <param name="InitrdPath">The initial RAM disk, or null.</param>
/// <param name="CommandLine">The command line, with <c>liveupdate=on</c>.</param>
public sealed record NextKernel(string ImagePath, string? InitrdPath, string CommandLine);

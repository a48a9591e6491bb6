namespace LuoInterop.Emulation.Boot;

/// <summary>A kernel that was loaded (<c>struct kimage</c>).</summary>
/// <param name="Release">Its release.</param>
/// <param name="CommandLine">Its command line.</param>
/// <param name="Features">What it was built with.</param>
/// <param name="IsCut">Whether the end of its file was missing, so that it does not start.</param>
/// <param name="IsAttached">Whether it was told where KHO's data is (<c>image->kho.fdt</c>).</param>
internal sealed record LoadedKernel(string Release, string CommandLine, KernelFeatures Features, bool IsCut, bool IsAttached = false);

namespace LuoInterop.Emulation.Boot;

/// <summary>A kernel that kexec_file_load(2) loaded (<c>struct kimage</c>).</summary>
/// <param name="Release">Its release.</param>
/// <param name="CommandLine">Its command line.</param>
/// <param name="IsAttached">Whether it was told where KHO's data is (<c>image->kho.fdt</c>).</param>
internal sealed record LoadedKernel(string Release, string CommandLine, bool IsAttached = false);

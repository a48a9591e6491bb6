namespace LuoInterop.Emulation.Boot;

/// <summary>A kernel that kexec_file_load(2) loaded (<c>struct kimage</c>).</summary>
/// <param name="Release">Its release.</param>
/// <param name="CommandLine">Its command line.</param>
internal sealed record LoadedKernel(string Release, string CommandLine);

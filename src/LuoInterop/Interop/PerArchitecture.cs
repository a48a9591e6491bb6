using System.Runtime.InteropServices;

namespace LuoInterop.Interop;

/// <summary>Holds a number of the kernel's that x86-64 and arm64 give different values, and is the running process' one.</summary>
internal readonly record struct PerArchitecture(int X64, int Arm64)
{
    // Read once: the JIT takes it for a constant.
    private static readonly Architecture s_architecture = RuntimeInformation.ProcessArchitecture;

    /// <exception cref="PlatformNotSupportedException">The process runs on another architecture.</exception>
    public static implicit operator int(PerArchitecture number) => s_architecture switch
    {
        Architecture.X64 => number.X64,
        Architecture.Arm64 => number.Arm64,
        _ => throw new PlatformNotSupportedException("Live update exists on x86-64 and arm64 only."),
    };
}

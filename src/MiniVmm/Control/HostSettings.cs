using LuoInterop;

namespace MiniVmm.Control;

/// <summary>Says how a process holds its VMs.</summary>
/// <param name="Kernel">The kernel that runs them.</param>
/// <param name="Folder">Where their sockets are.</param>
/// <param name="Console">Where their consoles are.</param>
/// <param name="NextKernel">What SIGUSR1 loads; null for what is loaded.</param>
internal sealed record HostSettings(Kernel Kernel, RunFolder Folder, ConsoleKind Console, string? NextKernel);

namespace LuoInterop.Emulation;

/// <summary>Unwinds a program whose emulated process was killed (<see cref="FaultInjection.KillProcess"/>).</summary>
/// <remarks>
/// On Linux the program ends there and then. The emulated process shares its host process with others, so its calls throw: do
/// not catch it in a program, except to let it pass. What <c>finally</c> and <c>using</c> blocks do on the way out has no
/// effect on the kernel, which closed the process' emulated descriptors already.
/// </remarks>
public sealed class EmulatedKillException() : Exception("The emulated process was killed.");

using LuoInterop.Emulation;

namespace LuoInterop.Cli.Emulate;

/// <summary>Holds what was seen of the pool with one fix.</summary>
/// <param name="Fix">The fix's name.</param>
/// <param name="Before">The pool right before the kexec.</param>
/// <param name="Booted">The pool when the next kernel has booted.</param>
/// <param name="Retrieved">The pool when the file is retrieved and the session finished.</param>
/// <param name="FreeMemory">The bytes of the next kernel's memory that are left at the end.</param>
/// <param name="Messages">What the next kernel said of its pools at boot.</param>
internal sealed record HugeTlbOutcome(
    string Fix, HugePagePool Before, HugePagePool Booted, HugePagePool Retrieved, long FreeMemory, IReadOnlyList<string> Messages);

namespace LuoInterop.Emulation;

/// <summary>Unwinds a program whose emulated kernel obeyed reboot(2).</summary>
/// <remarks>
/// On Linux the call does not return, and the program ends there. The emulated kernel shares the process with the program,
/// so it throws instead: do not catch it in a program, except to let it pass. Afterwards every call on the dead kernel
/// throws it again, but <see cref="EmulatedProcess.Close"/> and <see cref="EmulatedProcess.Exit"/>, which do nothing: what
/// <c>finally</c> and <c>using</c> blocks close on the way out has no effect on the next kernel, as on Linux.
/// </remarks>
/// <param name="command">The command of reboot(2) (<c>linux/reboot.h</c>).</param>
/// <param name="message">What happened.</param>
public class EmulatedRebootException(uint command, string message) : Exception(message)
{
    /// <summary>Gets the command of reboot(2) that was obeyed (<c>linux/reboot.h</c>).</summary>
    public uint Command { get; } = command;

    /// <summary>Makes the exception that another call on the dead kernel throws.</summary>
    internal virtual EmulatedRebootException Again() => new(Command, Message);
}

namespace LuoInterop.Emulation.Server;

/// <summary>Reports that a program could not be started on a machine, or ran into something that the emulation does otherwise than
/// Linux.</summary>
/// <param name="message">What happened, and what can be done.</param>
public sealed class ProgramMachineException(string message) : Exception(message);

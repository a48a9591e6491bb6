namespace MiniVmm.Machine;

/// <summary>Is what waits between a guest and those at its console when it is saved.</summary>
/// <param name="Input">What was typed, and the serial port had no room for yet.</param>
/// <param name="Output">What the guest has written, and nobody has read.</param>
internal sealed record ConsoleState(byte[] Input, byte[] Output);

namespace MiniVmm.Devices;

/// <summary>Holds the state of an <see cref="I8042"/>.</summary>
/// <param name="LastWriteWasCommand">Whether the last write was to port 0x64, as a bit of the status says.</param>
internal sealed record I8042State(bool LastWriteWasCommand);

namespace MiniVmm.Devices;

/// <summary>Holds the state of a <see cref="Uart8250"/>: registers, the pending interrupt, and unread input.</summary>
/// <param name="InterruptEnable">IER.</param>
/// <param name="FifoControl">FCR: whether there are FIFOs, and the trigger level.</param>
/// <param name="LineControl">LCR.</param>
/// <param name="ModemControl">MCR.</param>
/// <param name="LineErrors">The bits of LSR that reading it clears.</param>
/// <param name="ModemChanges">The bits of MSR that reading it clears.</param>
/// <param name="Scratch">SCR.</param>
/// <param name="Divisor">The divisor latch.</param>
/// <param name="ThrePending">Whether the interrupt of an empty transmitter is pending.</param>
/// <param name="ReceiveFifo">Input, oldest byte first; at most 16.</param>
/// <remarks>What was written to the transmitter has left it: nothing of it is state.</remarks>
internal sealed record Uart8250State(
    byte InterruptEnable,
    byte FifoControl,
    byte LineControl,
    byte ModemControl,
    byte LineErrors,
    byte ModemChanges,
    byte Scratch,
    ushort Divisor,
    bool ThrePending,
    byte[] ReceiveFifo);

using Google.Protobuf;
using LuoInterop.Kvm;
using MiniVmm.Devices;

namespace MiniVmm.Machine;

/// <summary>Is what a machine's state has beside what the kernel holds: devices, and what the machine is.</summary>
/// <param name="Serial">The serial port.</param>
/// <param name="Keyboard">The keyboard controller, which resets the guest.</param>
/// <param name="Mask">What CPUID hides.</param>
/// <param name="Updates">How many live updates the guest has gone through.</param>
/// <param name="Console">What waits between the guest and those at its console; null for nothing, and in states of programs that did not
/// save it.</param>
internal sealed record MachineParts(
    Uart8250State Serial, I8042State Keyboard, string Mask, int Updates, ConsoleState? Console = null)
{
    private const string Name = "minivmm";

    public void WriteTo(MachineState state)
    {
        var record = new PartsRecord
        {
            Serial = new SerialRecord
            {
                InterruptEnable = Serial.InterruptEnable,
                FifoControl = Serial.FifoControl,
                LineControl = Serial.LineControl,
                ModemControl = Serial.ModemControl,
                LineErrors = Serial.LineErrors,
                ModemChanges = Serial.ModemChanges,
                Scratch = Serial.Scratch,
                Divisor = Serial.Divisor,
                ThrePending = Serial.ThrePending,
                ReceiveFifo = UnsafeByteOperations.UnsafeWrap(Serial.ReceiveFifo),
            },
            Keyboard = new KeyboardRecord { LastWriteWasCommand = Keyboard.LastWriteWasCommand },
            Mask = Mask,
            Updates = (uint)Updates,
            Console = Console is null ? null : new ConsoleRecord
            {
                Input = UnsafeByteOperations.UnsafeWrap(Console.Input),
                Output = UnsafeByteOperations.UnsafeWrap(Console.Output),
            },
        };
        state.SetPart(Name, record.ToByteArray());
    }

    /// <exception cref="KvmStateException">Incomplete or Damaged.</exception>
    public static MachineParts Read(MachineState state)
    {
        try
        {
            PartsRecord record = PartsRecord.Parser.ParseFrom(state.GetPart(Name).Span);
            return record is { Serial: { } serial, Keyboard: { } keyboard }
                ? new MachineParts(
                    PortOf(serial),
                    new I8042State(keyboard.LastWriteWasCommand),
                    record.Mask,
                    checked((int)record.Updates),
                    record.Console is { } console ? new ConsoleState(console.Input.ToByteArray(), console.Output.ToByteArray()) : null)
                : throw new KvmStateException(KvmStateFault.Incomplete, "The state of MiniVmm's devices lacks one of them.");
        }
        catch (Exception error) when (error is InvalidProtocolBufferException or OverflowException)
        {
            throw new KvmStateException(KvmStateFault.Damaged, $"The state of MiniVmm's devices cannot be read: {error.Message}", error);
        }
    }

    private static Uart8250State PortOf(SerialRecord serial)
    {
        checked
        {
            return new Uart8250State(
                (byte)serial.InterruptEnable,
                (byte)serial.FifoControl,
                (byte)serial.LineControl,
                (byte)serial.ModemControl,
                (byte)serial.LineErrors,
                (byte)serial.ModemChanges,
                (byte)serial.Scratch,
                (ushort)serial.Divisor,
                serial.ThrePending,
                serial.ReceiveFifo.ToByteArray());
        }
    }
}

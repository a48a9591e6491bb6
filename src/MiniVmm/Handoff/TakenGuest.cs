using System.Net.Sockets;
using LuoInterop;
using LuoInterop.Kvm;
using MiniVmm.Control;
using MiniVmm.Machine;
using MiniVmm.Memory;

namespace MiniVmm.Handoff;

/// <summary>Is the end of a handoff in the process that takes the guest.</summary>
internal sealed class TakenGuest : IDisposable
{
    private const long NanosecondsOfAMillisecond = 1_000_000;

    // The other process may be pausing a large guest; an end of it is seen at once.
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    private readonly Kernel _kernel;
    private readonly DescriptorChannel _channel;
    private readonly KernelHandle[] _descriptors;
    private int _taken;

    private TakenGuest(Kernel kernel, DescriptorChannel channel, HandoffMessage message, KernelHandle[] descriptors)
    {
        _kernel = kernel;
        _channel = channel;
        Offer = message.Guest!;
        IsHeld = message.Kind == HandoffMessage.Held;
        _descriptors = descriptors;
    }

    /// <summary>Gets what is offered.</summary>
    public HandoffOffer Offer { get; }

    /// <summary>Gets whether it is what the kernel before has handed over, and does not run: <see cref="TakeSession"/>.</summary>
    public bool IsHeld { get; }

    /// <summary>Gets what waits at the guest's console; known with its state.</summary>
    public ConsoleState? Console { get; private set; }

    /// <summary>Takes the offer.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="descriptor">The descriptor with which this process was started.</param>
    /// <exception cref="ControlException">There is none.</exception>
    public static TakenGuest Receive(Kernel kernel, int descriptor)
    {
        DescriptorChannel channel = DescriptorChannel.Inherit(descriptor);
        KernelHandle[] descriptors = [];
        try
        {
            byte[]? bytes = channel.Receive(s_patience, kernel, out descriptors);
            HandoffMessage message = HandoffMessage.Read(bytes, HandoffMessage.Offer, HandoffMessage.Held);
            bool isWhole = descriptors.Length == 2 || (descriptors.Length == 3 && message.Kind == HandoffMessage.Offer);
            return message.Guest is not null && isWhole
                ? new TakenGuest(kernel, channel, message, descriptors)
                : throw new ControlException("the offer of a guest has a socket, and one or two files of RAM or a session.");
        }
        catch
        {
            DescriptorChannel.Close(descriptors);
            channel.Dispose();
            throw;
        }
    }

    /// <summary>Takes the socket that is listened to; it belongs to the caller.</summary>
    public SafeSocketHandle TakeListener()
    {
        int descriptor = (int)_descriptors[0].DangerousGetHandle();
        _descriptors[0].SetHandleAsInvalid();
        _taken = 1;
        return new SafeSocketHandle(descriptor, ownsHandle: true);
    }

    /// <summary>Takes the session of a guest that is held; it belongs to the caller.</summary>
    /// <exception cref="KernelException">The descriptor is no session.</exception>
    public LiveUpdateSession TakeSession()
    {
        LiveUpdateSession session = LiveUpdateSession.Adopt(
            _kernel, (int)_descriptors[1].DangerousGetHandle(), SessionDirection.Incoming);
        _descriptors[1].SetHandleAsInvalid();
        _taken = _descriptors.Length;
        return session;
    }

    /// <summary>Makes the machine, while the guest still runs in the other process.</summary>
    /// <param name="console">Takes what it writes to its serial port.</param>
    public GuestMachine Build(Action<byte> console)
    {
        var low = new Memfd(_descriptors[1]);
        Memfd? high = _descriptors.Length > 2 ? new Memfd(_descriptors[2]) : null;
        GuestRam ram = GuestRam.FromFiles(low, high);
        _taken = _descriptors.Length;
        return new GuestMachine(_kernel, ram, Offer.Cpus, console);
    }

    /// <summary>Puts the guest's state into the machine. From here on only this process may run it.</summary>
    /// <returns>How long the guest has stood still, in nanoseconds.</returns>
    /// <exception cref="ControlException">The other process keeps it.</exception>
    public long Restore(GuestMachine machine)
    {
        Send(HandoffMessage.Ready);
        byte[]? bytesOfMessage = _channel.Receive(s_patience, _kernel, out KernelHandle[] descriptors);
        HandoffMessage message;
        MachineState state;
        try
        {
            message = HandoffMessage.Read(bytesOfMessage, HandoffMessage.State);
            using var file = new Memfd(descriptors is [var one] ? one : throw new ControlException("the state of the guest is no file."));
            byte[] bytes = new byte[Math.Min(file.Size, MachineState.MaximumBytes)];
            file.Read(0, bytes);
            state = MachineState.Parse(bytes);
        }
        finally
        {
            DescriptorChannel.Close(descriptors);
        }

        Console = machine.Restore(state, KvmClockGap.Advance).Console;
        Send(HandoffMessage.Restored);

        // Where the other process has gone by now, nobody else has the guest: this one may run it.
        if (_channel.Receive(s_patience, _kernel, out descriptors) is { } go)
        {
            DescriptorChannel.Close(descriptors);
            HandoffMessage.Read(go, HandoffMessage.Go);
        }

        ulong counter = machine.ReadCounter();
        return counter >= message.Counter && machine.CounterKilohertz is > 0 and var kilohertz
            ? (long)((UInt128)(counter - message.Counter) * NanosecondsOfAMillisecond / (ulong)kilohertz)
            : throw new ControlException("the guest's counter did not go on.");
    }

    /// <summary>Says that the guest has run here.</summary>
    public void Acknowledge(long stoodStill)
    {
        try
        {
            _channel.Send(new HandoffMessage { Kind = HandoffMessage.Alive, StoodStill = stoodStill }.ToBytes());
        }
        catch (IOException)
        {
            // The other process has gone: the guest is here all the same.
        }
    }

    /// <summary>Says that the guest has not run here, and cannot.</summary>
    public void Refuse(string error)
    {
        try
        {
            _channel.Send(new HandoffMessage { Kind = HandoffMessage.Failed, Error = error }.ToBytes());
        }
        catch (IOException)
        {
            // The other process has gone, and nobody is there to hear it.
        }
    }

    /// <summary>Closes the way to the other process, and the descriptors that nobody took.</summary>
    public void Dispose()
    {
        _channel.Dispose();
        DescriptorChannel.Close(_descriptors.Skip(_taken));
    }

    private void Send(string kind) => _channel.Send(HandoffMessage.Of(kind).ToBytes());
}

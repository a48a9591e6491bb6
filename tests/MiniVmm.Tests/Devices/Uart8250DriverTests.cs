using System.Text;
using LuoInterop.Tests.Shared;
using MiniVmm.Devices;
using Xunit;

namespace MiniVmm.Tests.Devices;

/// <summary>Proves that a driver finds the port and loses nothing, also where the port is saved and restored after each access.</summary>
public sealed class Uart8250DriverTests
{
    private static readonly byte[] s_text = Encoding.ASCII.GetBytes(
        string.Concat(Enumerable.Range(0, 500).Select(static i => $"line {i}\r\n")));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Probe_FindsA16550A(bool restoresAlways)
    {
        SerialMachine machine = new(restoresAlways);
        SerialDriver driver = new(machine);

        Assert.Equal("16550A", driver.Probe());
        Assert.True(driver.Startup());
        Assert.Equal(restoresAlways, machine.Restores > 0);
        Assert.Empty(machine.Output);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TransmissionByInterrupts_SendsEachByteOnce(bool restoresAlways)
    {
        SerialMachine machine = new(restoresAlways);
        SerialDriver driver = new(machine);
        driver.Probe();
        driver.Startup();
        machine.InterruptPending = false;

        foreach (byte[] chunk in s_text.Chunk(37))
        {
            driver.Send(chunk);
            Assert.True(driver.TakeInterrupt());
        }

        while (driver.TakeInterrupt())
        {
        }

        Assert.False(driver.IsSending);
        Assert.Equal(s_text, machine.Output);
        Assert.False(machine.Line);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ConsoleAmidATransmission_LeavesItGoingOn(bool restoresAlways)
    {
        SerialMachine machine = new(restoresAlways);
        SerialDriver driver = new(machine);
        driver.Probe();
        driver.Startup();
        machine.InterruptPending = false;

        driver.Send("first\n"u8);
        machine.InterruptPending = false;
        driver.Print("kernel\n"u8);

        Assert.True(driver.TakeInterrupt(), "the console's write of IER gives the interrupt again");
        Assert.Equal("kernel\nfirst\n"u8.ToArray(), machine.Output);
        Assert.False(driver.IsSending);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void InputOfAnyLength_ArrivesOnce_WhileOutputGoesOut(bool restoresAlways)
    {
        SerialMachine machine = new(restoresAlways);
        SerialDriver driver = new(machine);
        driver.Probe();
        driver.Startup();
        Random random = new(2);
        int typed = 0;
        int sent = 0;
        while (typed < s_text.Length || sent < s_text.Length)
        {
            int length = Math.Min(random.Next(40), s_text.Length - typed);
            typed += machine.Type(s_text.AsSpan(typed, length));
            length = Math.Min(random.Next(40), s_text.Length - sent);
            driver.Send(s_text.AsSpan(sent, length));
            sent += length;
            while (driver.TakeInterrupt())
            {
            }
        }

        Assert.Equal(s_text, driver.Input);
        Assert.Equal(s_text, machine.Output);
        Assert.False(machine.Line);
    }

    [Fact]
    public void InputFromAnotherThread_ArrivesOnce()
    {
        List<byte> output = [];
        using AutoResetEvent interrupt = new(false);
        using AutoResetEvent room = new(false);
        Uart8250 uart = new(
            SerialMachine.Port, output.Add, level => _ = level && interrupt.Set(), () => room.Set());
        Write(uart, 2, 0xc1);
        Write(uart, 4, 0x08);
        Write(uart, 1, 0x01);
        Thread keyboard = new(() =>
        {
            for (int typed = 0; typed < s_text.Length;)
            {
                int taken = uart.Receive(s_text.AsSpan(typed));
                typed += taken;
                if (taken == 0)
                {
                    room.WaitOne();
                }
            }
        });
        keyboard.Start();

        List<byte> input = [];
        while (input.Count < s_text.Length)
        {
            interrupt.WaitOne();
            while ((Read(uart, 5) & 1) != 0)
            {
                byte value = Read(uart, 0);
                input.Add(value);
                Write(uart, 0, value);
            }
        }

        keyboard.Join();
        Assert.Equal(s_text, input);
        Assert.Equal(s_text, output);
    }

    [Fact]
    public void Accesses_AllocateNothing()
    {
        Uart8250 uart = new(SerialMachine.Port, static _ => { }, static _ => { }, static () => { });
        PortBus bus = new();
        bus.Add(SerialMachine.Port, Uart8250.PortCount, uart);
        byte[] data = new byte[1];
        Assert.Equal(0, Allocation.Of(Run));

        void Run()
        {
            for (int i = 0; i < 64_000; i++)
            {
                data[0] = (byte)i;
                bus.Write((ushort)(SerialMachine.Port + (i % 8)), data);
                bus.Read((ushort)(SerialMachine.Port + ((i / 8) % 8)), data);
                bus.Read(0x80, data);
                uart.Receive(data);
            }
        }
    }

    private static byte Read(Uart8250 uart, int register)
    {
        Span<byte> data = stackalloc byte[1];
        uart.Read((ushort)(SerialMachine.Port + register), data);
        return data[0];
    }

    private static void Write(Uart8250 uart, int register, byte value) =>
        uart.Write((ushort)(SerialMachine.Port + register), [value]);
}

using MiniVmm.Devices;
using Xunit;

namespace MiniVmm.Tests.Devices;

/// <summary>Proves single registers against the data sheet of the PC16550D.</summary>
public sealed class Uart8250RegisterTests
{
    private readonly SerialMachine _machine = new();

    [Fact]
    public void AfterReset_RegistersAreAsTheDataSheetSays()
    {
        Assert.Equal([0, 0, 1, 0, 0, 0x60, 0xb0, 0], Enumerable.Range(0, 8).Select(register => (int)_machine.In(register)));
        Assert.False(_machine.Line);
    }

    [Fact]
    public void Divisor_IsBehindDlab()
    {
        _machine.Out(3, 0x83);
        _machine.Out(0, 0x34);
        _machine.Out(1, 0x12);
        Assert.Equal((0x34, 0x12, 0x83), (_machine.In(0), _machine.In(1), _machine.In(3)));
        _machine.Out(3, 0x03);
        Assert.Equal((0, 0), (_machine.In(0), _machine.In(1)));
        Assert.Equal(0x1234, _machine.Uart.Save().Divisor);
        Assert.Empty(_machine.Output);
    }

    [Fact]
    public void ThreInterrupt_EndsWhenItIsNamed_AndComesAgainWithAByte()
    {
        _machine.Out(4, 8);
        _machine.Out(1, 2);
        Assert.True(_machine.Line);
        Assert.Equal(0x02, _machine.In(2));
        Assert.False(_machine.Line);
        Assert.Equal(0x01, _machine.In(2));
        _machine.Out(1, 2);
        Assert.False(_machine.Line);
        _machine.Out(0, (byte)'x');
        Assert.True(_machine.Line);
        _machine.Out(1, 0);
        Assert.False(_machine.Line);
        _machine.Out(1, 2);
        Assert.Equal(0x02, _machine.In(2));
    }

    [Fact]
    public void ThreInterrupt_BehindInput_StaysPending()
    {
        _machine.Out(4, 8);
        _machine.Out(1, 3);
        Assert.Equal(1, _machine.Type("i"u8));
        Assert.Equal(0x04, _machine.In(2));
        Assert.Equal((byte)'i', _machine.In(0));
        Assert.True(_machine.Line);
        Assert.Equal(0x02, _machine.In(2));
        Assert.False(_machine.Line);
    }

    [Theory]
    [InlineData(0x01, 1)]
    [InlineData(0x41, 4)]
    [InlineData(0x81, 8)]
    [InlineData(0xc1, 14)]
    public void InputInterrupt_IsTimeoutBelowTheTriggerLevel(byte fifoControl, int level)
    {
        _machine.Out(2, fifoControl);
        _machine.Out(1, 1);
        Assert.Equal(0xc1, _machine.In(2));
        for (int count = 1; count <= 16; count++)
        {
            Assert.Equal(1, _machine.Type([(byte)count]));
            Assert.Equal(count < level ? 0xcc : 0xc4, _machine.In(2));
        }

        Assert.Equal(0, _machine.Type("x"u8));
        for (int count = 16; count > 0; count--)
        {
            Assert.Equal(count < level ? 0xcc : 0xc4, _machine.In(2));
            Assert.Equal(17 - count, _machine.In(0));
        }

        Assert.Equal((0xc1, 0x60), (_machine.In(2), _machine.In(5)));
    }

    [Fact]
    public void InputWithoutFifos_IsOneByte()
    {
        Assert.Equal(1, _machine.Type("ab"u8));
        Assert.Equal(0, _machine.Type("b"u8));
        Assert.Equal(0x61, _machine.In(5));
        Assert.Equal((byte)'a', _machine.In(0));
        Assert.Equal((byte)0x60, _machine.In(5));
    }

    [Theory]
    [InlineData(0x03)]
    [InlineData(0x00)]
    public void FifoControl_ThatClearsOrTurnsOff_DropsInput(byte value)
    {
        _machine.Out(2, 0x01);
        Assert.Equal(3, _machine.Type("abc"u8));
        _machine.Out(2, 0x01);
        Assert.Equal(0x61, _machine.In(5));
        _machine.Out(2, value);
        Assert.Equal(0x60, _machine.In(5));
        Assert.Empty(_machine.Uart.Save().ReceiveFifo);
    }

    [Fact]
    public void Loopback_GivesBackOutputAndModemLines_AndKeepsInputOut()
    {
        _machine.Out(2, 0x01);
        _machine.Out(1, 0x04);
        _machine.In(6);
        for (int mcr = 0; mcr < 16; mcr++)
        {
            _machine.Out(4, (byte)(0x10 | mcr));
            int expected = ((mcr & 2) << 3) | ((mcr & 1) << 5) | ((mcr & 4) << 4) | ((mcr & 8) << 4);
            Assert.Equal(expected, _machine.In(6) & 0xf0);
        }

        Assert.Equal(0, _machine.Type("x"u8));
        for (int i = 0; i < 16; i++)
        {
            _machine.Out(0, (byte)i);
        }

        Assert.Equal(0xc1, _machine.In(2));
        _machine.Out(0, 99);
        Assert.Equal(0xc6, _machine.In(2));
        Assert.Equal(0x63, _machine.In(5));
        Assert.Equal((0xc1, 0x61), (_machine.In(2), _machine.In(5)));
        Assert.Equal(Enumerable.Range(0, 16), Enumerable.Range(0, 16).Select(_ => (int)_machine.In(0)));
        Assert.Empty(_machine.Output);
        _machine.Out(4, 0);
        Assert.Equal(1, _machine.Type("x"u8));
    }

    [Fact]
    public void ModemStatus_TellsChangesOnce_AndTheEndOfARing()
    {
        _machine.Out(4, 0x10);
        Assert.Equal(0x0b, _machine.In(6));
        Assert.Equal(0x00, _machine.In(6));
        _machine.Out(1, 0x08);
        Assert.Equal(1, _machine.In(2));
        _machine.Out(4, 0x14);
        Assert.Equal(1, _machine.In(2));
        Assert.Equal(0x40, _machine.In(6));
        _machine.Out(4, 0x10);
        Assert.Equal(0, _machine.In(2));
        Assert.Equal(0x04, _machine.In(6));
        Assert.Equal(1, _machine.In(2));
    }

    [Fact]
    public void InterruptLine_IsGatedByOut2()
    {
        _machine.Out(1, 2);
        Assert.False(_machine.Line);
        _machine.Out(4, 8);
        Assert.True(_machine.Line);
        _machine.Out(4, 0x18);
        Assert.False(_machine.Line);
        _machine.Out(4, 8);
        Assert.True(_machine.Line);
    }

    [Fact]
    public void RoomMade_IsToldWhenInputWasRead()
    {
        int told = 0;
        Uart8250 uart = new(SerialMachine.Port, static _ => { }, static _ => { }, () => told++);
        uart.Write(SerialMachine.Port + 2, [1]);
        int before = told;
        Assert.Equal(2, uart.Receive("ab"u8));
        byte[] data = new byte[1];
        uart.Read(SerialMachine.Port, data);
        Assert.Equal(before, told);
        uart.Read(SerialMachine.Port, data);
        Assert.Equal(before + 1, told);
    }

    [Fact]
    public void State_IsSavedAndRestoredWhole()
    {
        Uart8250State state = new(0x0f, 0xc1, 0x1b, 0x0b, 0x02, 0x05, 0x5a, 0xabcd, true, [1, 2, 3]);
        _machine.Uart.Restore(state);
        Uart8250State saved = _machine.Uart.Save();
        Assert.Equal(state.ReceiveFifo, saved.ReceiveFifo);
        Assert.Equal(state, saved with { ReceiveFifo = state.ReceiveFifo });
        Assert.True(_machine.Line);
    }

    [Fact]
    public void StateOfNoUart_IsRefused_AndChangesNothing()
    {
        Uart8250State good = _machine.Uart.Save();
        foreach (Uart8250State bad in new[]
            {
                good with { InterruptEnable = 0x10 }, good with { FifoControl = 0x02 }, good with { ModemControl = 0x20 },
                good with { LineErrors = 0x01 }, good with { ModemChanges = 0x10 }, good with { ReceiveFifo = [1, 2] },
                good with { FifoControl = 1, ReceiveFifo = new byte[17] },
            })
        {
            Assert.Throws<ArgumentException>(() => _machine.Uart.Restore(bad));
            Assert.Equal(good, _machine.Uart.Save() with { ReceiveFifo = good.ReceiveFifo });
        }
    }
}

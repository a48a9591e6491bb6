using MiniVmm.Devices;
using Xunit;

namespace MiniVmm.Tests.Devices;

/// <summary>Proves that an access reaches the device that has the port, and no other.</summary>
public sealed class PortBusTests
{
    [Fact]
    public void UnclaimedPorts_ReadOnes_AndIgnoreWrites()
    {
        PortBus bus = new();
        byte[] data = new byte[4];
        bus.Read(0xcf8, data);
        Assert.Equal([0xff, 0xff, 0xff, 0xff], data);
        bus.Write(0xffff, [1, 2, 3, 4]);
        bus.Read(0xffff, data.AsSpan(0, 1));
        Assert.Equal(0xff, data[0]);
    }

    [Fact]
    public void Access_OverTheBorderOfADevice_IsOneOfEachByte()
    {
        Recorder device = new();
        PortBus bus = new();
        bus.Add(0x100, 2, device);

        bus.Write(0x100, [1, 2]);
        bus.Write(0x101, [3, 4]);
        bus.Write(0xff, [5, 6]);
        bus.Write(0xff, [7, 8, 9, 10]);
        Assert.Equal(["100:0102", "101:03", "100:06", "100:08", "101:09"], device.Writes);

        byte[] data = new byte[4];
        bus.Read(0xff, data);
        Assert.Equal([0xff, 0x00, 0x01, 0xff], data);
    }

    [Fact]
    public void OverlappingDevices_AreRefused()
    {
        PortBus bus = new();
        bus.Add(0x3f8, 8, new Recorder());
        Assert.Throws<ArgumentException>(() => bus.Add(0x3ff, 1, new Recorder()));
        Assert.Throws<ArgumentException>(() => bus.Add(0x3f0, 9, new Recorder()));
        Assert.Throws<ArgumentOutOfRangeException>(() => bus.Add(0xffff, 2, new Recorder()));
        bus.Add(0x400, 1, new Recorder());
        bus.Add(0x3f0, 8, new Recorder());
        bus.Add(0xffff, 1, new Recorder());
    }

    private sealed class Recorder : IPortDevice
    {
        public List<string> Writes { get; } = [];

        public void Read(ushort port, Span<byte> data)
        {
            for (int i = 0; i < data.Length; i++)
            {
                data[i] = (byte)(port + i);
            }
        }

        public void Write(ushort port, ReadOnlySpan<byte> data) => Writes.Add($"{port:x}:{Convert.ToHexStringLower(data)}");
    }
}

using MiniVmm.Devices;
using Xunit;

namespace MiniVmm.Tests.Devices;

/// <summary>Proves that Linux' reboot by the keyboard controller is one.</summary>
public sealed class I8042Tests
{
    private int _resets;

    [Fact]
    public void Reboot_AsLinuxDoesIt_IsOneReset()
    {
        PortBus bus = Bus(out I8042 _);

        // kb_wait and the command of native_machine_emergency_restart, arch/x86/kernel/reboot.c.
        byte[] status = new byte[1];
        bus.Read(0x64, status);
        Assert.Equal(0, status[0] & 0x03);
        bus.Write(0x64, [0xfe]);
        Assert.Equal(1, _resets);
    }

    [Fact]
    public void OtherWrites_ResetNothing()
    {
        PortBus bus = Bus(out I8042 _);
        bus.Write(0x60, [0xfe]);
        bus.Write(0x64, [0xd1]);
        bus.Write(0x61, [0xfe]);
        Assert.Equal(0, _resets);
        byte[] data = [1];
        bus.Read(0x60, data);
        Assert.Equal(0, data[0]);
        bus.Read(0x61, data);
        Assert.Equal(0xff, data[0]);
    }

    [Fact]
    public void State_IsSavedAndRestored()
    {
        PortBus bus = Bus(out I8042 device);
        bus.Write(0x64, [0x20]);
        byte[] before = new byte[1];
        bus.Read(0x64, before);
        Assert.Equal(0x1c, before[0]);

        PortBus other = Bus(out I8042 restored);
        restored.Restore(device.Save());
        byte[] after = new byte[1];
        other.Read(0x64, after);
        Assert.Equal(before, after);
        other.Write(0x60, [0]);
        other.Read(0x64, after);
        Assert.Equal(0x14, after[0]);
    }

    private PortBus Bus(out I8042 device)
    {
        PortBus bus = new();
        device = new I8042(() => _resets++);
        device.AddTo(bus);
        return bus;
    }
}

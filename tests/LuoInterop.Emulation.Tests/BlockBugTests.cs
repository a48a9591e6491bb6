using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests;

/// <summary>Proves the fault of Linux 7.3.4 with 51 x n sessions and a refused duplicate (contract 6.1), and its controls.</summary>
public class BlockBugTests
{
    [Theory]
    [InlineData(51, true, true)]
    [InlineData(51, false, false)]
    [InlineData(50, true, false)]
    [InlineData(52, true, false)]
    [InlineData(102, true, true)]
    public void RefusedDuplicate_At51N_PanicsTheNextKernel(int sessions, bool duplicate, bool panics)
    {
        using var machine = new EmulatedMachine();
        EmulatedProcess kernel = machine.Boot();
        Descriptor device = kernel.OpenDevice();
        for (int i = 0; i < sessions; i++)
        {
            kernel.Create(device, $"s{i}");
        }

        if (duplicate)
        {
            Assert.Equal(EEXIST, kernel.TryCreate(device, "s0", out _));
        }

        Assert.Equal(0, kernel.Load());
        Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
        if (panics)
        {
            EmulatedKernelPanicException panic = Assert.Throws<EmulatedKernelPanicException>(machine.Boot);
            Assert.Equal("The incoming tree failed to initialize properly [-22], disabling live update", panic.Message);
            Assert.False(machine.IsRunning);
            Assert.Equal("7.3.4-emulated", machine.Boot().Release);
            return;
        }

        EmulatedProcess next = machine.Boot();
        using Descriptor nextDevice = next.OpenDevice();
        using Descriptor session = next.RetrieveSession(nextDevice, $"s{sessions - 1}");
    }

    [Fact]
    public void AThrowAwaySession_RepairsIt()
    {
        using var machine = new EmulatedMachine();
        EmulatedProcess kernel = machine.Boot();
        Descriptor device = kernel.OpenDevice();
        LeaveABlock(kernel, device);
        kernel.Create(device, "throw-away").Dispose();
        using Descriptor next = machine.Kexec().OpenDevice();
    }

    [Fact]
    public void EmptyBlock_PanicsAlsoWithLiveUpdateOff_ButNotWithKhoOff()
    {
        foreach ((string commandLine, bool panics) in (ReadOnlySpan<(string, bool)>)[("kho=on liveupdate=off", true), ("kho=off", false)])
        {
            using var machine = new EmulatedMachine();
            EmulatedProcess kernel = machine.Boot();
            LeaveABlock(kernel, kernel.OpenDevice());
            Assert.Equal(0, kernel.Load(commandLine: commandLine));
            Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
            Assert.Equal(panics, Record.Exception(() => machine.Boot()) is EmulatedKernelPanicException);
        }
    }

    // 51 sessions fill a block, and the create that fails begins another.
    private static void LeaveABlock(EmulatedProcess kernel, Descriptor device)
    {
        for (int i = 0; i < 51; i++)
        {
            kernel.Create(device, $"s{i}");
        }

        Assert.Equal(EEXIST, kernel.TryCreate(device, "s0", out _));
    }
}

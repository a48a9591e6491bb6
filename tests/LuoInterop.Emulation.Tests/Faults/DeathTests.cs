using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Faults;

/// <summary>Proves what is left of a program that is killed, and of a machine without power.</summary>
public sealed class DeathTests : IDisposable
{
    private readonly EmulatedMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void KilledProcess_LosesItsDescriptors_AndEveryCallThrows()
    {
        EmulatedProcess init = _machine.Boot();
        EmulatedProcess agent = init.StartProcess();
        Descriptor session = agent.Create(agent.OpenDevice(), "s");
        using Descriptor file = agent.MemfdWith([1]);
        Assert.Equal(0, agent.Preserve(session, file.Fd, 1));
        InjectedFault fault = _machine.Faults.KillProcess(KernelCall.FStat, 2);
        Assert.Equal(0, agent.FStat(file, out _));
        Assert.Throws<EmulatedKillException>(() => agent.FStat(file, out _));
        Assert.True(fault.HasFired && agent.WasKilled && !agent.HasEnded);
        Assert.Throws<EmulatedKillException>(() => agent.MemfdCreate("late", 0));
        Assert.Throws<EmulatedKillException>(() => agent.Finish(session));
        Assert.Equal(0, agent.Close(session.Fd));
        agent.Exit();
        Assert.Equal(0, init.FTruncate(file, 0));
        using Descriptor device = init.OpenDevice();
        using Descriptor again = init.Create(device, "s");
    }

    [Fact]
    public void KilledAtClose_DoesNotThrowThere()
    {
        EmulatedProcess agent = _machine.Boot().StartProcess();
        Descriptor device = agent.OpenDevice();
        _machine.Faults.KillProcess(KernelCall.Close);
        Assert.Equal(0, agent.Close(device.Fd));
        Assert.True(agent.WasKilled);
        Assert.Throws<EmulatedKillException>(agent.OpenDevice);
        using Descriptor free = _machine.Kernel.OpenDevice();
    }

    [Fact]
    public void Run_SaysThatTheProcessWasKilled_AndASupervisorStartsItAgain()
    {
        int runs = 0;
        int Program(Kernel kernel)
        {
            runs++;
            using Descriptor device = kernel.OpenDevice();
            using Descriptor session = kernel.Create(device, "s");
            return 7;
        }

        _machine.Faults.KillProcess(KernelCall.CreateSession);
        Assert.Equal(137, _machine.Run(Program));
        EmulatedProcess kernel = _machine.Kernel;
        Assert.Equal(7, _machine.Run(Program));
        Assert.Same(kernel, _machine.Kernel);

        // The last call, after which nothing throws any more.
        _machine.Faults.KillProcess(KernelCall.Close, 2);
        Assert.Equal(137, _machine.Run(Program));
        Assert.Equal(3, runs);
    }

    [Fact]
    public void PowerCut_LosesAllMemory_AndRunStartsInAColdKernel()
    {
        var found = new List<int>();
        int Program(Kernel kernel)
        {
            using Descriptor device = kernel.OpenDevice();
            found.Add(kernel.TryRetrieveSession(device, "s", out _));
            if (found.Count == 1)
            {
                using Descriptor file = kernel.MemfdWith([1]);
                using Descriptor session = kernel.Create(device, "s");
                Assert.Equal(0, kernel.Preserve(session, file.Fd, 1));
                Assert.Equal(0, kernel.Load());
                kernel.Reboot(KexecCommand);
            }
            else if (found.Count == 2)
            {
                // In the second kernel the session is there; then the power goes.
                _machine.Faults.CutPower(KernelCall.ReadLink);
                kernel.ReadLink(device, out _);
            }

            return 5;
        }

        Assert.Equal(5, _machine.Run(Program));
        Assert.Equal([ENOENT, 0, ENOENT], found);
        Assert.Equal(_machine.Options.Release, _machine.Kernel.Release);
    }

    [Fact]
    public void PowerCut_InTheLastClose_IsAColdStartToo()
    {
        int runs = 0;
        InjectedFault fault = _machine.Faults.CutPower(KernelCall.Close);
        Assert.Equal(2, _machine.Run(kernel =>
        {
            using Descriptor device = kernel.OpenDevice();
            return ++runs;
        }));
        Assert.True(fault.HasFired);
        EmulatedProcess dead = _machine.Kernel.StartProcess();
        _machine.Faults.CutPower(KernelCall.Open);
        EmulatedRebootException end = Assert.Throws<EmulatedRebootException>(dead.OpenDevice);
        Assert.Contains("power", end.Message, StringComparison.Ordinal);
        Assert.Equal(RestartCommand, end.Command);
        Assert.False(_machine.IsRunning);
    }
}

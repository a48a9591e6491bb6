using LuoInterop.Contract;
using LuoInterop.Contract.Mixes;
using LuoInterop.Emulation;
using LuoInterop.VmTesting;
using Xunit;

namespace LuoInterop.Contract.Tests;

/// <summary>Runs each mix in a kernel of its own, one after the other in one VM.</summary>
public sealed class SessionMixRun : IAsyncLifetime
{
    public VmResult Result { get; private set; } = null!;

    public async Task InitializeAsync() => Result = await VirtualMachine.RunAsync(new VmOptions
    {
        Kernel = await ContractKernel.GetAsync(),
        Command = ["dotnet", typeof(Scenario).Assembly.Location, MixRun.Word],
        ExpectedKernels = SessionMixes.Names.Count + 1,
        TimeLimit = TimeSpan.FromMinutes(40),
        KernelTimeLimit = TimeSpan.FromMinutes(10),
    });

    public Task DisposeAsync() => Task.CompletedTask;
}

/// <summary>Shows on Linux that no mix of kernel objects, threads and processes panics the next kernel.</summary>
[Trait("Category", "VM")]
[Collection(OneVmAtATime.Name)]
public sealed class SessionMixTests(SessionMixRun run) : IClassFixture<SessionMixRun>
{
    public static TheoryData<string> Mixes => [.. SessionMixes.Names];

    [Theory]
    [MemberData(nameof(Mixes))]
    public void Mix_EndsInANextKernelWithAllSessions(string name) => run.Result.HasPassed(name);
}

/// <summary>Shows the same on the emulated kernel.</summary>
public sealed class EmulatedSessionMixTests : IDisposable
{
    private const string CommandLine = "kho=on liveupdate=on";
    private readonly string _image = Path.GetTempFileName();

    public EmulatedSessionMixTests() => EmulatedKernelImage.Write(_image);

    public static TheoryData<string> Mixes => [.. SessionMixes.Names];

    [Theory]
    [MemberData(nameof(Mixes))]
    public void Mix_EndsInANextKernelWithAllSessions(string name)
    {
        using var machine = new EmulatedMachine();
        EmulatedProcess kernel = machine.Boot();
        Assert.ThrowsAny<EmulatedRebootException>(() => SessionMixes.Perform(name, new MixMachine(
            kernel,
            through => KexecImage.Load(through, _image, null, CommandLine),
            () => new OtherEmulatedProcess(kernel.StartProcess()),
            static error => error is EmulatedRebootException)));
        SessionMixes.Verify(machine.Boot());
    }

    public void Dispose() => File.Delete(_image);

    private sealed class OtherEmulatedProcess(EmulatedProcess kernel) : OtherProcess
    {
        private Thread? _storm;
        private int _device = -1;

        public override Errno Obey(string word)
        {
            if (word != Storm)
            {
                return Perform(kernel, word, ref _device);
            }

            _storm = new Thread(() =>
            {
                try
                {
                    while (true)
                    {
                        if (Perform(kernel, Open, ref _device) == Errno.None)
                        {
                            Perform(kernel, LeaveBlock, ref _device);
                            Perform(kernel, Close, ref _device);
                        }
                    }
                }
                catch (EmulatedRebootException)
                {
                    // The jump ends it.
                }
            });
            _storm.Start();
            return Errno.None;
        }

        public override void Dispose()
        {
            _storm?.Join();
            kernel.Exit();
        }
    }
}

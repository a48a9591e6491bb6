using Microsoft.Win32.SafeHandles;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Handlers;

/// <summary>Proves the life of file-lifecycle-bound objects (kernel/liveupdate/luo_flb.c, and what its review and the talk ask).</summary>
public sealed class FlbTests
{
    private const int ENODATA = -61;

    private readonly List<string> _calls = [];
    private readonly EventCounter _counter = new();
    private readonly LiveUpdateFlb _pool;
    private int _preserveError;
    private int _retrieveError;
    private LiveUpdateFileHandler? _handler;
    private ModuleContext? _context;

    public FlbTests() => _pool = Flb("pool-v1");

    [Fact]
    [Trait("Asked", "flb")]
    public void FirstFilePreserves_LastFileUnpreserves()
    {
        using EmulatedMachine machine = Machine();
        EmulatedProcess kernel = machine.Boot();
        Descriptor device = kernel.OpenDevice();
        Descriptor first = kernel.Create(device, "first");
        Descriptor second = kernel.Create(device, "second");
        using SafeFileHandle a = EventCounter.Make(1);
        using SafeFileHandle b = EventCounter.Make(2);
        Assert.Equal(ENOENT, _context!.GetOutgoing(_pool, out _));
        Assert.Equal(0, kernel.Preserve(first, Number(a), 1));
        Assert.Equal(0, kernel.Preserve(second, Number(b), 1));
        Assert.Equal(["preserve pool-v1"], _calls);
        Assert.Equal(0, _context.GetOutgoing(_pool, out object? live));
        Assert.Equal("live pool-v1", live);
        first.Dispose();
        second.Dispose();
        Assert.Equal(["preserve pool-v1"], _calls);
        _context.PutOutgoing(_pool);
        Assert.Equal(["preserve pool-v1", "unpreserve pool-v1 8"], _calls);
        Assert.Equal(ENOENT, _context.GetOutgoing(_pool, out _));
    }

    [Fact]
    [Trait("Asked", "flb")]
    public void CountGoesOver_RetrieveIsOnDemandAndOnce_LastFinishEndsIt()
    {
        using EmulatedMachine machine = Machine();
        EmulatedProcess kernel = machine.Boot();
        Descriptor device = kernel.OpenDevice();
        using SafeFileHandle a = EventCounter.Make(1);
        using SafeFileHandle b = EventCounter.Make(2);
        Assert.Equal(0, kernel.Preserve(kernel.Create(device, "first"), Number(a), 1));
        Assert.Equal(0, kernel.Preserve(kernel.Create(device, "second"), Number(b), 1));

        EmulatedProcess next = machine.Kexec();
        _calls.Clear();
        Descriptor opened = next.OpenDevice();
        Descriptor first = next.RetrieveSession(opened, "first");
        Descriptor second = next.RetrieveSession(opened, "second");
        Assert.Empty(_calls);
        Assert.Equal(0, _context!.GetIncoming(_pool, out object? live));
        Assert.Equal("retrieved pool-v1", live);
        Assert.Equal(0, _context.GetIncoming(_pool, out _));
        Assert.Equal(["retrieve pool-v1 8"], _calls);
        _context.PutIncoming(_pool);
        Assert.Equal(0, next.Finish(first));
        Assert.Equal(0, next.Finish(second));
        Assert.Equal(["retrieve pool-v1 8"], _calls);
        _context.PutIncoming(_pool);
        Assert.Equal(["retrieve pool-v1 8", "finish pool-v1"], _calls);
        Assert.Equal(ENODATA, _context.GetIncoming(_pool, out _));
    }

    /// <summary>"memfd and guest_memfd will likely have different handlers but would share data": one object,
    /// whoever comes first.</summary>
    [Fact]
    [Trait("Asked", "flb")]
    public void TwoHandlers_ShareOneObject()
    {
        var pipes = new LiveUpdateFileHandler("pipe-v1", new LiveUpdateFileOperations
        {
            CanPreserve = static (_, file) =>
                Kernel.Linux.ReadLink(file, out string text) == 0 && text.StartsWith("pipe:", StringComparison.Ordinal),
            Preserve = static _ => 0,
            Unpreserve = static _ => { },
            Retrieve = static _ => -5,
            Finish = static _ => { },
        });
        using EmulatedMachine machine = Machine();
        EmulatedProcess kernel = machine.Boot();
        Assert.Equal(0, _context!.RegisterFileHandler(pipes));
        Assert.Equal(0, _context.RegisterFlb(pipes, _pool));
        Descriptor device = kernel.OpenDevice();
        Descriptor first = kernel.Create(device, "first");
        using SafeFileHandle counter = EventCounter.Make(1);
        using var pipe = new System.IO.Pipes.AnonymousPipeServerStream();
        Assert.Equal(0, kernel.Preserve(first, (int)pipe.SafePipeHandle.DangerousGetHandle(), 1));
        Assert.Equal(0, kernel.Preserve(first, Number(counter), 2));
        Assert.Equal(["preserve pool-v1"], _calls);
        first.Dispose();
        Assert.Equal(["preserve pool-v1", "unpreserve pool-v1 8"], _calls);
    }

    /// <summary>Linux 7.3.4 takes the count from the handover at the first retrieve only, and counts below 0 without one.</summary>
    [Fact]
    public void ObjectThatNobodyAskedFor_IsNeverFinished()
    {
        using EmulatedMachine machine = Machine();
        PreserveOne(machine);
        EmulatedProcess next = machine.Kexec();
        using Descriptor session = next.RetrieveSession(next.OpenDevice(), "s");
        _calls.Clear();
        Assert.Equal(0, next.Finish(session));
        Assert.Empty(_calls);

        // It is still there for who asks later.
        Assert.Equal(0, _context!.GetIncoming(_pool, out _));
        Assert.Equal(["retrieve pool-v1 8"], _calls);
    }

    [Fact]
    public void FailedPreserve_IsTheFilesError_AndTakesEarlierObjectsBack()
    {
        using EmulatedMachine machine = Machine(Flb("before-v1"));
        EmulatedProcess kernel = machine.Boot();
        Descriptor session = kernel.Create(kernel.OpenDevice(), "s");
        using SafeFileHandle file = EventCounter.Make(1);
        _preserveError = -12;
        Assert.Equal(ENOMEM, kernel.Preserve(session, Number(file), 1));
        Assert.Equal(["preserve before-v1", "preserve pool-v1", "unpreserve before-v1 8"], _calls);
        _preserveError = 0;
        Assert.Equal(0, kernel.Preserve(session, Number(file), 1));
    }

    [Fact]
    public void FailedPreserveOfTheFile_TakesTheObjectBack()
    {
        using EmulatedMachine machine = Machine();
        EmulatedProcess kernel = machine.Boot();
        Descriptor session = kernel.Create(kernel.OpenDevice(), "s");
        using SafeFileHandle file = EventCounter.Make(1);
        machine.Faults.FailHandler(FileOperation.Preserve, Errno.EIO);
        Assert.Equal(EIO, kernel.Preserve(session, Number(file), 1));
        Assert.Equal(["preserve pool-v1", "unpreserve pool-v1 8"], _calls);
    }

    [Fact]
    public void FailedRetrieve_StaysTheAnswer()
    {
        using EmulatedMachine machine = Machine();
        PreserveOne(machine);
        machine.Kexec();
        _calls.Clear();
        _retrieveError = -5;
        Assert.Equal(EIO, _context!.GetIncoming(_pool, out _));
        _retrieveError = 0;
        Assert.Equal(EIO, _context.GetIncoming(_pool, out _));
        Assert.Equal(["retrieve pool-v1 8"], _calls);
    }

    [Fact]
    public void Incoming_IsEnodataWithoutAnUpdate_EnoentWhenItDidNotComeIn()
    {
        using EmulatedMachine machine = Machine();
        machine.Boot();
        Assert.Equal(ENODATA, _context!.GetIncoming(_pool, out _));
        Assert.Equal(ENODATA, _context.GetIncomingEarly("pool-v1", out _));
        machine.Kexec();
        Assert.Equal(ENOENT, _context.GetIncoming(_pool, out _));
        Assert.Equal(ENOENT, _context.GetIncomingEarly("pool-v1", out _));
    }

    [Fact]
    public void Incoming_WithoutLiveUpdate_IsEopnotsupp()
    {
        var module = new EmulatedModule("flb", context =>
        {
            _context = context;
            return 0;
        });
        using var machine = new EmulatedMachine(new EmulatedMachineOptions { CommandLine = "kho=on", Modules = [module] });
        machine.Boot();
        Assert.Equal(EOPNOTSUPP, _context!.GetIncoming(_pool, out _));
        Assert.Equal(EOPNOTSUPP, _context.GetOutgoing(_pool, out _));
        Assert.Equal(EOPNOTSUPP, _context.GetIncomingEarly("pool-v1", out _));
        Assert.Equal(EOPNOTSUPP, _context.RegisterFlb(new LiveUpdateFileHandler("a", _counter.Operations), _pool));
    }

    [Fact]
    public void ObjectOfAModuleThatIsGoing_IsEnodev()
    {
        int result = 0;
        var module = new EmulatedModule(
            "flb", context => Register(context, [_pool]), context => result = context.GetIncoming(_pool, out _));
        using var machine = new EmulatedMachine(new EmulatedMachineOptions { Modules = [module] });
        PreserveOne(machine);
        EmulatedProcess next = machine.Kexec();
        Assert.Equal(0, next.UnloadModule("flb"));
        Assert.Equal(ENODEV, result);
    }

    [Fact]
    public void ModuleOfAnObjectInUse_CannotBeUnloaded()
    {
        using EmulatedMachine machine = Machine();
        PreserveOne(machine);
        EmulatedProcess next = machine.Kexec();
        Assert.Equal(0, _context!.GetIncoming(_pool, out _));
        Assert.Equal(EAGAIN, next.UnloadModule("flb"));
    }

    [Fact]
    public void Registration_IsEexistTwice_EexistForTheName_EnospcPast63_EinvalWithoutACallback()
    {
        using var machine = new EmulatedMachine();
        EmulatedProcess kernel = machine.Boot();
        var module = new EmulatedModule("flb", context =>
        {
            _context = context;
            _handler = new LiveUpdateFileHandler("a-v1", _counter.Operations);
            Assert.Equal(EINVAL, context.RegisterFlb(_handler, _pool));
            Assert.Equal(0, context.RegisterFileHandler(_handler));
            Assert.Equal(0, context.RegisterFlb(_handler, _pool));
            Assert.Equal(EEXIST, context.RegisterFlb(_handler, _pool));
            Assert.Equal(EEXIST, context.RegisterFlb(_handler, Flb("pool-v1")));
            for (int i = 1; i < 63; i++)
            {
                Assert.Equal(0, context.RegisterFlb(_handler, Flb($"more-{i}")));
            }

            Assert.Equal(ENOSPC, context.RegisterFlb(_handler, Flb("one too many")));
            var other = new LiveUpdateFileHandler("b-v1", _counter.Operations);
            Assert.Equal(0, context.RegisterFileHandler(other));
            Assert.Equal(0, context.RegisterFlb(other, _pool));
            context.UnregisterFlb(_handler, _pool);
            Assert.Equal(ENOSPC, context.RegisterFlb(_handler, Flb("one too many")));
            context.UnregisterFlb(other, _pool);
            Assert.Equal(0, context.RegisterFlb(_handler, Flb("one too many")));
            return 0;
        });
        Assert.Equal(0, kernel.LoadModule(module));

        LiveUpdateFlbOperations all = _pool.Operations;
        Assert.Equal(
            EINVAL,
            _context!.RegisterFlb(
                _handler!, new("x", new() { Unpreserve = all.Unpreserve, Retrieve = all.Retrieve, Finish = all.Finish })));
        Assert.Equal(
            EINVAL,
            _context.RegisterFlb(_handler!, new("x", new() { Preserve = all.Preserve, Retrieve = all.Retrieve, Finish = all.Finish })));
        Assert.Equal(
            EINVAL,
            _context.RegisterFlb(_handler!, new("x", new() { Preserve = all.Preserve, Unpreserve = all.Unpreserve, Finish = all.Finish })));
        Assert.Equal(
            EINVAL,
            _context.RegisterFlb(
                _handler!, new("x", new() { Preserve = all.Preserve, Unpreserve = all.Unpreserve, Retrieve = all.Retrieve })));
    }

    [Fact]
    public void All63_GoOver()
    {
        LiveUpdateFlb[] more = [.. Enumerable.Range(1, 62).Select(i => Flb($"more-{i}"))];
        using EmulatedMachine machine = Machine(more);
        PreserveOne(machine);
        machine.Kexec();
        foreach (LiveUpdateFlb flb in more.Append(_pool))
        {
            Assert.Equal(0, _context!.GetIncoming(flb, out object? live));
            Assert.Equal("retrieved " + flb.Compatible, live);
        }
    }

    [Fact]
    [Trait("Asked", "hugetlb")]
    public void EarlyAccess_ReadsTheHandle_AndChangesNothing()
    {
        using EmulatedMachine machine = Machine();
        PreserveOne(machine);
        EmulatedProcess next = machine.Kexec();
        _calls.Clear();
        Assert.Equal(0, _context!.GetIncomingEarly("pool-v1", out ulong data));
        Assert.Equal(0, _context.GetIncomingEarly("pool-v1", out ulong again));
        Assert.Equal((8UL, 8UL), (data, again));
        Assert.Empty(_calls);

        // Nothing was counted: the file's finish alone ends an object that was asked for once.
        Assert.Equal(0, _context.GetIncoming(_pool, out _));
        _context.PutIncoming(_pool);
        using Descriptor session = next.RetrieveSession(next.OpenDevice(), "s");
        Assert.Equal(0, next.Finish(session));
        Assert.Equal(["retrieve pool-v1 8", "finish pool-v1"], _calls);
    }

    [Fact]
    public void CallbackThatAsksForItsOwnObject_IsADeadlock()
    {
        LiveUpdateFlb? flb = null;
        flb = new LiveUpdateFlb("self", new LiveUpdateFlbOperations
        {
            Preserve = _ => _context!.GetOutgoing(flb!, out object? _), Unpreserve = _ => { }, Retrieve = _ => 0, Finish = _ => { },
        });
        using EmulatedMachine machine = Machine(flb);
        EmulatedProcess kernel = machine.Boot();
        Descriptor session = kernel.Create(kernel.OpenDevice(), "s");
        using SafeFileHandle file = EventCounter.Make(1);
        var deadlock = Assert.Throws<InvalidOperationException>(() => kernel.Preserve(session, Number(file), 1));
        Assert.Contains("deadlocks", deadlock.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ObjectsOfEveryRelease_GoOverToItself()
    {
        foreach (string release in (string[])["7.0", "7.1", "7.2.6", "7.3.4"])
        {
            using var machine = new EmulatedMachine(new EmulatedMachineOptions
            {
                Release = release, Modules = [new EmulatedModule("flb", context => Register(context, [_pool]))],
            });
            PreserveOne(machine);
            EmulatedProcess kernel = machine.Kernel;
            Assert.Equal(0, kernel.Load(release));
            Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
            machine.Boot();
            Assert.Equal(0, _context!.GetIncoming(_pool, out object? live));
            Assert.Equal("retrieved pool-v1", live);
        }
    }

    private static int Number(SafeFileHandle file) => (int)file.DangerousGetHandle();

    private EmulatedMachine Machine(params LiveUpdateFlb[] before) =>
        new(new EmulatedMachineOptions { Modules = [new EmulatedModule("flb", context => Register(context, [.. before, _pool]))] });

    private int Register(ModuleContext context, LiveUpdateFlb[] flbs)
    {
        _context = context;
        _handler = new LiveUpdateFileHandler("counter-v2", Stateless());
        int error = context.RegisterFileHandler(_handler);
        foreach (LiveUpdateFlb flb in flbs)
        {
            error = error == 0 ? context.RegisterFlb(_handler, flb) : error;
        }

        return error;
    }

    // The counter's files without a state of their own.
    private LiveUpdateFileOperations Stateless() => new()
    {
        CanPreserve = _counter.Operations.CanPreserve,
        Preserve = static _ => 0,
        Unpreserve = static _ => { },
        Retrieve = static arguments =>
        {
            arguments.File = EventCounter.Make(0);
            return 0;
        },
        Finish = static _ => { },
    };

    private static void PreserveOne(EmulatedMachine machine)
    {
        EmulatedProcess kernel = machine.Boot();
        using SafeFileHandle file = EventCounter.Make(1);
        Assert.Equal(0, kernel.Preserve(kernel.Create(kernel.OpenDevice(), "s"), Number(file), 1));
    }

    private LiveUpdateFlb Flb(string compatible) => new(compatible, new LiveUpdateFlbOperations
    {
        Preserve = arguments =>
        {
            _calls.Add("preserve " + arguments.Flb.Compatible);
            arguments.Data = 8;
            arguments.Instance = "live " + arguments.Flb.Compatible;
            return arguments.Flb == _pool ? _preserveError : 0;
        },
        Unpreserve = arguments =>
        {
            Assert.Equal("live " + arguments.Flb.Compatible, arguments.Instance);
            _calls.Add($"unpreserve {arguments.Flb.Compatible} {arguments.Data}");
        },
        Retrieve = arguments =>
        {
            _calls.Add($"retrieve {arguments.Flb.Compatible} {arguments.Data}");
            arguments.Instance = "retrieved " + arguments.Flb.Compatible;
            return _retrieveError;
        },
        Finish = arguments =>
        {
            Assert.Equal("retrieved " + arguments.Flb.Compatible, arguments.Instance);
            _calls.Add("finish " + arguments.Flb.Compatible);
        },
    });
}

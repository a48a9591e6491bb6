using Microsoft.Win32.SafeHandles;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Handlers;

/// <summary>Proves the rules of file handlers that modules register (kernel/liveupdate/luo_file.c).</summary>
public sealed class FileHandlerTests
{
    private readonly EventCounter _counter = new();

    [Fact]
    public void FileOfAModule_GoesOver()
    {
        using EmulatedMachine machine = Machine();
        EmulatedProcess kernel = machine.Boot();
        Descriptor session = kernel.Create(kernel.OpenDevice(), "s");
        using SafeFileHandle file = EventCounter.Make(7);
        Assert.Equal(0, kernel.Preserve(session, Number(file), 1));
        Assert.Equal(8, Kernel.Linux.Write(file, new byte[] { 3, 0, 0, 0, 0, 0, 0, 0 }));

        EmulatedProcess next = machine.Kexec();
        using Descriptor retrieved = next.RetrieveSession(next.OpenDevice(), "s");
        using Descriptor counter = next.Retrieve(retrieved, 1);
        Assert.Equal(10UL, EventCounter.Take(counter));
        Assert.Equal(0, next.Finish(retrieved));
        Assert.Equal(["preserve", "freeze", "retrieve counter-v2", "can_finish 1", "finish 1"], _counter.Calls);
    }

    [Fact]
    public void UnpreserveAndFinish_RunForWhatIsGivenUp()
    {
        using EmulatedMachine machine = Machine();
        EmulatedProcess kernel = machine.Boot();
        Descriptor device = kernel.OpenDevice();
        using SafeFileHandle file = EventCounter.Make(7);
        using (Descriptor given = kernel.Create(device, "given up"))
        {
            Assert.Equal(0, kernel.Preserve(given, Number(file), 1));
        }

        Assert.Equal(0, kernel.Preserve(kernel.Create(device, "s"), Number(file), 1));
        EmulatedProcess next = machine.Kexec();
        using Descriptor retrieved = next.RetrieveSession(next.OpenDevice(), "s");
        _counter.MayFinish = false;
        Assert.Equal(EBUSY, next.Finish(retrieved));
        _counter.MayFinish = true;
        Assert.Equal(0, next.Finish(retrieved));
        Assert.Equal(
            ["preserve", "unpreserve", "preserve", "freeze", "can_finish 0", "can_finish 0", "finish 0"], _counter.Calls);
    }

    [Fact]
    public void FailedFreeze_IsRebootsError_AndUndoesTheOthers()
    {
        using EmulatedMachine machine = Machine();
        EmulatedProcess kernel = machine.Boot();
        Descriptor session = kernel.Create(kernel.OpenDevice(), "s");
        using SafeFileHandle first = EventCounter.Make(1);
        using SafeFileHandle second = EventCounter.Make(2);
        Assert.Equal(0, kernel.Preserve(session, Number(first), 1));
        Assert.Equal(0, kernel.Preserve(session, Number(second), 2));
        Assert.Equal(0, kernel.Load());
        machine.Faults.FailHandler(FileOperation.Freeze, Errno.EIO, token: 2);
        Assert.Equal(EIO, kernel.Reboot(KexecCommand));
        Assert.Equal(["preserve", "preserve", "freeze", "unfreeze"], _counter.Calls);

        _counter.FreezeError = -5;
        Assert.Equal(EIO, kernel.Reboot(KexecCommand));
        _counter.FreezeError = 0;
        Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
    }

    [Theory]
    [InlineData(nameof(LiveUpdateFileOperations.CanPreserve))]
    [InlineData(nameof(LiveUpdateFileOperations.Preserve))]
    [InlineData(nameof(LiveUpdateFileOperations.Unpreserve))]
    [InlineData(nameof(LiveUpdateFileOperations.Retrieve))]
    [InlineData(nameof(LiveUpdateFileOperations.Finish))]
    public void RequiredCallback_Missing_IsEinval(string missing)
    {
        LiveUpdateFileOperations all = _counter.Operations;
        var lacking = new LiveUpdateFileOperations
        {
            CanPreserve = missing == nameof(all.CanPreserve) ? null : all.CanPreserve,
            Preserve = missing == nameof(all.Preserve) ? null : all.Preserve,
            Unpreserve = missing == nameof(all.Unpreserve) ? null : all.Unpreserve,
            Retrieve = missing == nameof(all.Retrieve) ? null : all.Retrieve,
            Finish = missing == nameof(all.Finish) ? null : all.Finish,
        };
        Assert.Equal(EINVAL, Register("a-v1", lacking));
    }

    [Fact]
    public void OptionalCallbacks_Missing_AreFine()
    {
        LiveUpdateFileOperations all = _counter.Operations;
        var required = new LiveUpdateFileOperations
        {
            CanPreserve = all.CanPreserve, Preserve = all.Preserve, Unpreserve = all.Unpreserve, Retrieve = all.Retrieve,
            Finish = all.Finish,
        };
        Assert.Equal(0, Register("a-v1", required));
    }

    [Fact]
    public void CompatibleString_OfAnotherHandler_IsEexist()
    {
        Assert.Equal(EEXIST, Register("memfd-v2", _counter.Operations));
        Assert.Equal(0, Register("memfd-v3", _counter.Operations));
    }

    [Fact]
    public void Registration_WithoutLiveUpdate_IsEopnotsupp()
    {
        int result = 0;
        var module = new EmulatedModule("m", context => result = context.RegisterFileHandler(new("a-v1", _counter.Operations)));
        using var machine = new EmulatedMachine(new EmulatedMachineOptions { CommandLine = "kho=on", Modules = [module] });
        machine.Boot();
        Assert.Equal(EOPNOTSUPP, result);
    }

    private void PreserveACounter(EmulatedProcess kernel)
    {
        Assert.Equal(0, kernel.LoadModule(_counter.Module([EventCounter.V2], [EventCounter.V2])));
        using SafeFileHandle file = EventCounter.Make(7);
        Assert.Equal(0, kernel.Preserve(kernel.Create(kernel.OpenDevice(), "s"), Number(file), 1));
    }

    [Fact]
    public void HandlerGoneAtBoot_OpenIsEio()
    {
        using var machine = new EmulatedMachine();
        PreserveACounter(machine.Boot());

        // Loaded after the first open it is too late, as on Linux: the failure is kept.
        EmulatedProcess next = machine.Kexec();
        Assert.Equal(EIO, next.Open("/dev/liveupdate", O_RDWR));
        Assert.Equal(0, next.LoadModule(_counter.Module([EventCounter.V2], [EventCounter.V2])));
        Assert.Equal(EIO, next.Open("/dev/liveupdate", O_RDWR));
    }

    [Fact]
    public void HandlerLoadedBeforeTheFirstOpen_IsInTime()
    {
        using var machine = new EmulatedMachine();
        PreserveACounter(machine.Boot());

        EmulatedProcess next = machine.Kexec();
        Assert.Equal(0, next.LoadModule(_counter.Module([EventCounter.V2], [EventCounter.V2])));
        using Descriptor retrieved = next.RetrieveSession(next.OpenDevice(), "s");
        using Descriptor counter = next.Retrieve(retrieved, 1);
        Assert.Equal(7UL, EventCounter.Take(counter));
    }

    [Fact]
    public void WithoutGetId_OneDescriptionIsOneFile_TwoEventfdsAreTwo()
    {
        using EmulatedMachine machine = Machine();
        EmulatedProcess kernel = machine.Boot();
        Descriptor device = kernel.OpenDevice();
        Descriptor session = kernel.Create(device, "s");
        using SafeFileHandle first = EventCounter.Make(1);
        using SafeFileHandle second = EventCounter.Make(2);
        using var copy = new Descriptor(kernel, kernel.Fcntl(first, F_DUPFD_CLOEXEC));
        Assert.Equal(0, kernel.Preserve(session, Number(first), 1));
        Assert.Equal(EBUSY, kernel.Preserve(session, copy.Fd, 2));
        Assert.Equal(0, kernel.Preserve(session, Number(second), 2));
        session.Dispose();
        Assert.Equal(0, kernel.Preserve(kernel.Create(device, "again"), copy.Fd, 2));
    }

    [Fact]
    public void GetId_DecidesWhatIsOneFile()
    {
        var counter = new EventCounter { HasGetId = true };
        using var machine =
            new EmulatedMachine(new EmulatedMachineOptions { Modules = [counter.Module([EventCounter.V2], [EventCounter.V2])] });
        EmulatedProcess kernel = machine.Boot();
        Descriptor session = kernel.Create(kernel.OpenDevice(), "s");
        using SafeFileHandle first = EventCounter.Make(1);
        using SafeFileHandle second = EventCounter.Make(2);
        Assert.Equal(0, kernel.Preserve(session, Number(first), 1));
        Assert.Equal(EBUSY, kernel.Preserve(session, Number(second), 2));
    }

    [Fact]
    public void Module_WithPreservedFiles_CannotBeUnloaded()
    {
        using EmulatedMachine machine = Machine();
        EmulatedProcess kernel = machine.Boot();
        Descriptor device = kernel.OpenDevice();
        Descriptor session = kernel.Create(device, "s");
        using SafeFileHandle file = EventCounter.Make(1);
        Assert.Equal(0, kernel.Preserve(session, Number(file), 1));
        Assert.Equal(EAGAIN, kernel.UnloadModule("counter"));
        session.Dispose();
        Assert.Equal(0, kernel.UnloadModule("counter"));
        Assert.Equal(ENOENT, kernel.UnloadModule("counter"));
        Assert.Equal(ENOENT, kernel.Preserve(kernel.Create(device, "t"), Number(file), 1));
    }

    [Fact]
    public void Module_ThatFailsToLoad_LeavesNothing()
    {
        using var machine = new EmulatedMachine();
        EmulatedProcess kernel = machine.Boot();
        var module = new EmulatedModule("m", context =>
        {
            Assert.Equal(0, context.RegisterFileHandler(new("a-v1", _counter.Operations)));
            return -19;
        });
        Assert.Equal(ENODEV, kernel.LoadModule(module));
        Assert.Equal(0, kernel.LoadModule(_counter.Module(["a-v1"], ["a-v1"])));
        Assert.Equal(EEXIST, kernel.LoadModule(_counter.Module(["b-v1"], ["b-v1"])));
    }

    [Fact]
    public void Memory_OfAModule_IsGoneAtTheNextKernelUnlessItIsRestored()
    {
        ulong address = 0;
        byte[] read = new byte[6];
        var module = new EmulatedModule("m", context =>
        {
            if (address == 0)
            {
                address = context.Memory.AllocatePreserve(10_000);
                return context.Memory.Write(address + 8190, "across"u8);
            }

            Assert.Equal(0, context.Memory.Read(address + 8190, read));
            context.Memory.RestoreFree(address);
            Assert.Equal(EFAULT, context.Memory.Write(address + 8190, "gone"u8));
            return 0;
        });
        using var machine = new EmulatedMachine(new EmulatedMachineOptions { Modules = [module] });
        machine.Boot();
        machine.Kexec();
        Assert.Equal("across"u8, read);
    }

    private static int Number(SafeFileHandle file) => (int)file.DangerousGetHandle();

    private EmulatedMachine Machine() =>
        new(new EmulatedMachineOptions { Modules = [_counter.Module([EventCounter.V2], [EventCounter.V2])] });

    private static int Register(string compatible, LiveUpdateFileOperations operations)
    {
        int result = 1;
        var module = new EmulatedModule("m", context => result = context.RegisterFileHandler(new(compatible, operations)));
        using var machine = new EmulatedMachine(new EmulatedMachineOptions { Modules = [module] });
        machine.Boot();
        return result;
    }
}

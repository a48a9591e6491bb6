using LuoInterop.Emulation.Boot;
using LuoInterop.Emulation.Kho;
using LuoInterop.Kho;
using LuoInterop.Kho.Abi;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Faults;

/// <summary>Lets every single allocation of an operation fail: nothing leaks, and the operation succeeds when there is memory.</summary>
public sealed class AllocationFaultTests
{
    private const string FileName = "allocation-faults";

    private static readonly EmulatedMachineOptions Small = new() { MemorySize = 256 << 20, LargestFolioOrder = 0 };
    private static readonly EmulatedMachineOptions SmallWithHugeFolios = new() { MemorySize = 256 << 20 };

    [Fact]
    public void CreateSession_IsEnomem_AndUndone() => Sweep(
        static kernel => kernel.OpenDevice(),
        static (kernel, device) => kernel.TryCreate(device, "s", out _),
        atLeast: 4);

    [Theory]
    [InlineData(0, false, 5)]
    [InlineData(5, false, 9)]
    [InlineData(600 * 4096, false, 11)]
    [InlineData((2 << 20) + 4096, true, 14)]
    public void PreserveFd_IsEnomem_AndUndone(long size, bool huge, int atLeast)
    {
        // A huge folio is in another branch of the radix tree than all that is preserved at boot: it needs five nodes.
        using Descriptor file = Kernel.Linux.Memfd(FileName, size);
        Sweep(
            static kernel => kernel.Create(kernel.OpenDevice(), "s"),
            (kernel, session) => kernel.Preserve(session, file.Fd, 1),
            atLeast,
            huge ? SmallWithHugeFolios : Small,
            kernel => Assert.Equal(0, kernel.FTruncate(file, size + 1) + kernel.FTruncate(file, size)));
    }

    [Fact]
    public void OpeningTheDevice_IsEnomem() => Sweep(
        static _ => null,
        static (kernel, _) => Close(kernel, kernel.Open("/dev/liveupdate", O_RDWR)),
        atLeast: 1);

    [Fact]
    public void Retrieve_LosesThatFileOnly_AndWhatItLeavesIsFreeAfterTheNextBoot()
    {
        // Step 0 is the run without a fault, which says how much memory a sound chain of kernels uses.
        KernelFootprint? sound = null;
        int descriptors = HostDescriptors.Count(FileName);
        for (int n = 0; ; n++)
        {
            using var machine = new EmulatedMachine(Small);
            Handover(machine);
            EmulatedProcess kernel = machine.Boot();
            using Descriptor session = kernel.RetrieveSession(kernel.OpenDevice(), "s");
            InjectedFault? fault = n == 0 ? null : machine.Faults.FailAllocation(nth: n);
            int result = kernel.TryRetrieve(session, 1, out int fd);
            machine.Faults.Clear();
            Assert.Equal(fault?.HasFired == true, result < 0);
            Assert.True(result is 0 or ENOMEM or EINVAL, $"allocation {n}: {result}");
            Assert.Equal(result, Close(kernel, kernel.TryRetrieve(session, 1, out int again), again));
            Close(kernel, result, fd);
            using (Descriptor other = kernel.Retrieve(session, 2))
            {
                Assert.Equal([2], kernel.Content(other, 1));
            }

            Assert.Equal(0, kernel.Finish(session));
            kernel.Exit();
            Assert.Equal(0, KernelFootprint.Of(kernel.Running).PreservedFiles);
            EmulatedProcess init = machine.Kernel.StartProcess();
            Assert.Equal(0, init.Load());
            Assert.Throws<EmulatedKexecException>(() => init.Reboot(KexecCommand));
            KernelFootprint after = KernelFootprint.Of(machine.Boot().Running);
            sound ??= after;
            Assert.Equal(sound, after);
            machine.Dispose();
            Assert.Equal(descriptors, HostDescriptors.Count(FileName));
            if (fault is { HasFired: false })
            {
                Assert.True(n > 3, $"{n} allocations");
                return;
            }
        }
    }

    [Fact]
    public void Boot_GoesOnWithoutLuo_OrPanics_AndTheBootAfterThatIsSound()
    {
        for (int n = 1; ; n++)
        {
            using var machine = new EmulatedMachine(Small);
            Handover(machine);
            InjectedFault fault = machine.Faults.FailAllocation(nth: n);
            try
            {
                EmulatedProcess kernel = machine.Boot();
                int opened = kernel.Open("/dev/liveupdate", O_RDWR);
                if (!fault.HasFired)
                {
                    Assert.True(opened > 0 && n > 8, $"{opened} after {n} allocations");
                    return;
                }

                Assert.True(opened is > 0 or ENOENT or ENOMEM or EIO, $"allocation {n}: {opened}");
                Assert.True(opened > 0 || KernelFootprint.Of(kernel.Running).PreservedFiles == 0);
            }
            catch (EmulatedKernelPanicException panic)
            {
                Assert.Contains("[-12]", panic.Message, StringComparison.Ordinal);
                Assert.Equal("7.3.4-emulated", machine.Boot().Release);
            }
        }
    }

    [Fact]
    public void ArrayOfSeveralChunks_AndSetOfSeveralBlocks_AreGivenBackWhole()
    {
        using var machine = new EmulatedMachine(Small);
        EmulatedKernel kernel = machine.Boot().Running;
        KernelFootprint before = KernelFootprint.Of(kernel);
        int pages = Step(() =>
            VmallocArea.Preserve(kernel.Handover, 600 * 4096) is { } area && Undo(() => VmallocArea.Unpreserve(kernel.Handover, area)));
        Assert.True(pages >= 602, $"{pages} allocations for 600 pages and two chunks");
        var blocks = new KhoBlockSet(kernel.Handover, LuoSessionSer.Size);
        int objects = Step(() => blocks.Grow(4 * 51) == 0 && Undo(blocks.Destroy));
        Assert.True(objects >= 8, $"{objects} allocations for four blocks");

        // Lets the first, the second ... allocation fail, until all succeed: how many there were.
        int Step(Func<bool> succeeds)
        {
            for (int n = 1; ; n++)
            {
                InjectedFault fault = machine.Faults.FailAllocation(nth: n);
                bool succeeded = succeeds();
                Assert.Equal(succeeded, !fault.HasFired);
                Assert.Equal(before, KernelFootprint.Of(kernel));
                if (!fault.HasFired)
                {
                    machine.Faults.Clear();
                    return n - 1;
                }
            }
        }

        static bool Undo(Action undo)
        {
            undo();
            return true;
        }
    }

    [Fact]
    public void Kexec_OfAKernelThatWritesItsMapThen_IsEagain_AndCanBeRetried()
    {
        for (int n = 1; ; n++)
        {
            using var machine = new EmulatedMachine(new EmulatedMachineOptions { Release = "7.0.1", MemorySize = 256 << 20 });
            EmulatedProcess kernel = machine.Boot();
            using Descriptor session = kernel.Create(kernel.OpenDevice(), "s");
            using Descriptor file = kernel.MemfdWith([5]);
            Assert.Equal(0, kernel.Preserve(session, file.Fd, 1));
            Assert.Equal(0, kernel.Load("7.0.2"));
            KernelFootprint before = KernelFootprint.Of(kernel.Running);
            InjectedFault fault = machine.Faults.FailAllocation(nth: n);
            try
            {
                Assert.Equal(EAGAIN, kernel.Reboot(KexecCommand));
                Assert.True(fault.HasFired);
                Assert.Equal(before, KernelFootprint.Of(kernel.Running));
            }
            catch (EmulatedKexecException) when (!fault.HasFired)
            {
                Assert.True(n > 1, "nothing was allocated");
                return;
            }

            Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
            EmulatedProcess next = machine.Boot();
            using Descriptor incoming = next.RetrieveSession(next.OpenDevice(), "s");
            using Descriptor back = next.Retrieve(incoming, 1);
            Assert.Equal([5], next.Content(back, 1));
        }
    }

    [Fact]
    public void KexecFileLoad_IsEnomem_AndTheImageBeforeStays()
    {
        using var machine = new EmulatedMachine(Small);
        EmulatedProcess kernel = machine.Boot();
        Assert.Equal(0, kernel.Load("7.2.9-old"));
        InjectedFault fault = machine.Faults.FailAllocation(AllocationKind.Slab);
        Assert.Equal(ENOMEM, kernel.Load());
        Assert.True(fault.HasFired);
        Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
        Assert.Equal("7.2.9-old", machine.Boot().Release);
    }

    [Fact]
    public void Kinds_CountApart()
    {
        using var machine = new EmulatedMachine(Small);
        EmulatedProcess kernel = machine.Boot();
        FaultInjection faults = machine.Faults;
        Assert.Equal(0, faults.CountAllocations(AllocationKind.Slab));
        Assert.True(faults.CountAllocations(AllocationKind.Page) > 0);
        InjectedFault slab = faults.FailAllocation(AllocationKind.Slab);
        Assert.Equal(ENOMEM, kernel.Open("/dev/liveupdate", O_RDWR));
        Assert.True(slab.HasFired);
        Assert.Equal(
            faults.CountAllocations(), faults.CountAllocations(AllocationKind.Slab) + faults.CountAllocations(AllocationKind.Page));
    }

    // Lets the operation's allocations fail, the first, the second ... on a machine of its own each, until all succeed.
    private static void Sweep(
        Func<EmulatedProcess, Descriptor?> prepare,
        Func<EmulatedProcess, Descriptor, int> operation,
        int atLeast,
        EmulatedMachineOptions? options = null,
        Action<EmulatedProcess>? afterFailure = null)
    {
        for (int n = 1; ; n++)
        {
            using var machine = new EmulatedMachine(options ?? Small);
            EmulatedProcess kernel = machine.Boot();
            using Descriptor? subject = prepare(kernel);
            KernelFootprint before = KernelFootprint.Of(kernel.Running);
            int descriptors = HostDescriptors.Count(FileName);
            InjectedFault fault = machine.Faults.FailAllocation(nth: n);
            int result = operation(kernel, subject!);
            if (!fault.HasFired)
            {
                Assert.Equal(0, result);
                Assert.True(n > atLeast, $"{n - 1} allocations");
                return;
            }

            Assert.Equal(ENOMEM, result);
            Assert.Equal(before, KernelFootprint.Of(kernel.Running));
            Assert.Equal(descriptors, HostDescriptors.Count(FileName));
            afterFailure?.Invoke(kernel);
            Assert.Equal(0, operation(kernel, subject!));
            kernel.Exit();
            Assert.Equal(0, KernelFootprint.Of(kernel.Running).FrozenFiles);
        }
    }

    // Two files of a session go over; the kernel that holds them is not booted yet.
    private static void Handover(EmulatedMachine machine)
    {
        EmulatedProcess kernel = machine.Boot();
        using Descriptor device = kernel.OpenDevice();
        using Descriptor session = kernel.Create(device, "s");
        foreach (ulong token in (ulong[])[1, 2])
        {
            using Descriptor file = kernel.Memfd(FileName);
            Assert.Equal(1, kernel.PWrite(file, [(byte)token], 0));
            Assert.Equal(0, kernel.Preserve(session, file.Fd, token));
        }

        Assert.Equal(0, kernel.Load());
        Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
    }

    private static int Close(EmulatedProcess kernel, int result, int fd) => result == 0 ? kernel.Close(fd) : result;

    private static int Close(EmulatedProcess kernel, int opened) => opened < 0 ? opened : kernel.Close(opened);
}

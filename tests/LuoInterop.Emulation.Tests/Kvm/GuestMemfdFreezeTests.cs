using LuoInterop.Emulation.Kvm;
using LuoInterop.Kvm;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Kvm;

/// <summary>Shows each point of the review of "freezing and unfreezing mappings" (9huzzf0lmk1w.fsf@tarunix.c.googlers.com).</summary>
public class GuestMemfdFreezeTests
{
    private static (EmulatedMachine Machine, Vmm Vmm, Descriptor Session) Start()
    {
        EmulatedMachine machine = Vmm.Machine();
        EmulatedProcess kernel = machine.Boot();
        Descriptor device = kernel.OpenDevice();
        return (machine, Vmm.Create(kernel), kernel.Create(device, "vm"));
    }

    [Fact]
    [Trait("Asked", "freeze")]
    public void FallocateOfAFrozenFile_EPERM_InEveryMode()
    {
        (EmulatedMachine machine, Vmm vmm, Descriptor session) = Start();
        using (machine)
        {
            vmm.Store(1, 7);
            Assert.Equal(0, vmm.Preserve(session));
            foreach (int page in (int[])[0, 1, 15])
            {
                Assert.Equal(EPERM, vmm.Kernel.FAllocate(vmm.Memory.Handle, Vmm.KeepSize, page * Vmm.Page, Vmm.Page));
                Assert.Equal(EPERM, vmm.Kernel.FAllocate(vmm.Memory.Handle, Vmm.PunchHole, page * Vmm.Page, Vmm.Page));
            }

            Assert.Equal([1L], vmm.Present());
            Assert.Equal(7, vmm.Load(1));
        }
    }

    [Fact]
    [Trait("Asked", "freeze")]
    public void ArgumentsAreLookedAtBeforeTheFreeze()
    {
        (EmulatedMachine machine, Vmm vmm, Descriptor session) = Start();
        using (machine)
        {
            Assert.Equal(0, vmm.Preserve(session));
            Assert.Equal(EINVAL, vmm.Kernel.FAllocate(vmm.Memory.Handle, 0, 0, 0));
            foreach (int mode in (int[])[0, 2, 0x10, 0x11, 0x40])
            {
                Assert.Equal(EOPNOTSUPP, vmm.Kernel.FAllocate(vmm.Memory.Handle, mode, 1, 1));
            }

            foreach (int mode in (int[])[Vmm.KeepSize, Vmm.PunchHole])
            {
                Assert.Equal(EINVAL, vmm.Kernel.FAllocate(vmm.Memory.Handle, mode, 1, Vmm.Page));
                Assert.Equal(EINVAL, vmm.Kernel.FAllocate(vmm.Memory.Handle, mode, 0, 1));
                Assert.Equal(EPERM, vmm.Kernel.FAllocate(vmm.Memory.Handle, mode, 0, Vmm.Page));
            }
        }
    }

    [Fact]
    [Trait("Asked", "freeze")]
    public void FaultOfAPageThatIsNotThere_EPERM_AndAnExitToTheVmm_EveryTime()
    {
        (EmulatedMachine machine, Vmm vmm, Descriptor session) = Start();
        using (machine)
        {
            Assert.Equal(0, vmm.Preserve(session));
            for (int i = 0; i < 2; i++)
            {
                Assert.Equal(KvmExitReason.MemoryFault, vmm.Store(5, 1));
                Assert.Equal(
                    new KvmMemoryFault(Errno.EPERM, Vmm.Base + (5 * Vmm.Page), Vmm.Page, IsPrivate: false, 0), vmm.Vcpu.MemoryFault);
                Assert.Equal(-1, vmm.Load(6));
                Assert.Equal(Vmm.Base + (6 * Vmm.Page), vmm.Vcpu.MemoryFault.GuestAddress);
            }

            Assert.Empty(vmm.Present());
        }
    }

    [Fact]
    [Trait("Asked", "freeze")]
    public void PagesThatAreThere_StayReadableAndWritable()
    {
        (EmulatedMachine machine, Vmm vmm, Descriptor session) = Start();
        using (machine)
        {
            using MemfdMapping mapping = vmm.Memory.Map();
            vmm.Store(2, 1);
            Assert.Equal(0, vmm.Preserve(session));
            Assert.Equal(KvmExitReason.Halt, vmm.Store(2, 2));
            Assert.Equal(2, mapping.GetSpan(2 * Vmm.Page, 1)[0]);
            mapping.GetSpan((2 * Vmm.Page) + 4095, 1)[0] = 3;
            Assert.Equal(2, vmm.Load(2));
            Assert.Equal(3, mapping.GetReadOnlySpan((2 * Vmm.Page) + 4095, 1)[0]);
            Assert.Equal([2L], vmm.Present());
        }
    }

    [Fact]
    [Trait("Asked", "freeze")]
    public void StoreAcrossPages_IsDoneUpToTheFirstThatIsMissing()
    {
        (EmulatedMachine machine, Vmm vmm, Descriptor session) = Start();
        using (machine)
        {
            vmm.Store(0, 1);
            Assert.Equal(0, vmm.Preserve(session));
            byte[] data = new byte[Vmm.Page + 1];
            data.AsSpan().Fill(9);
            Assert.Equal(KvmExitReason.MemoryFault, vmm.Run(guest => guest.Write(Vmm.Base, data)));
            Assert.Equal(Vmm.Base + Vmm.Page, vmm.Vcpu.MemoryFault.GuestAddress);
            Assert.Equal(9, vmm.Load(0));
        }
    }

    [Fact]
    [Trait("Asked", "freeze")]
    public void TouchThroughAMapping_OfAPageThatIsNotThere_IsRefused_AndOthersWork()
    {
        (EmulatedMachine machine, Vmm vmm, Descriptor session) = Start();
        using (machine)
        {
            using MemfdMapping before = vmm.Memory.Map();
            before.GetSpan(4 * Vmm.Page, 1)[0] = 4;
            Assert.Equal(0, vmm.Preserve(session));
            using MemfdMapping after = vmm.Memory.Map();
            using MemfdMapping part = vmm.Memory.Map(3 * Vmm.Page, 2 * Vmm.Page);
            foreach ((MemfdMapping mapping, long first) in ((MemfdMapping, long)[])[(before, 0), (after, 0), (part, 3)])
            {
                Assert.Equal(4, mapping.GetSpan((4 - first) * Vmm.Page, 1)[0]);
                mapping.GetSpan(((4 - first) * Vmm.Page) + 1, 1)[0] = 8;
                Assert.Equal(EFAULT, vmm.Kernel.TryFill(mapping, (3 - first) * Vmm.Page));
            }

            Assert.Equal(EFAULT, vmm.Kernel.TryFill(after, 15 * Vmm.Page));
            Assert.Equal(Errno.EFAULT, Assert.Throws<KernelException>(before.Populate).Errno);
            Assert.Equal([4L], vmm.Present());
        }
    }

    [Fact]
    [Difference("guest-memfd-holes-one-by-one")]
    [Trait("Asked", "freeze")]
    public void PageThatCameIntoBeingWhileHolesWereClosed_IsAPageLikeAnyOther()
    {
        (EmulatedMachine machine, Vmm vmm, Descriptor session) = Start();
        using (machine)
        {
            using MemfdMapping mapping = vmm.Memory.Map();
            mapping.GetSpan(0, 1)[0] = 1;
            vmm.Kernel.Running.Kvm!.Mappings.Looked = () => mapping.GetSpan(3 * Vmm.Page, 1)[0] = 3;
            Assert.Equal(0, vmm.Preserve(session));
            mapping.GetSpan((3 * Vmm.Page) + 1, 1)[0] = 4;
            Assert.Equal(3, vmm.Load(3));
            Assert.Equal(EFAULT, vmm.Kernel.TryFill(mapping, 2 * Vmm.Page));
            EmulatedProcess kernel = machine.KexecPreview();
            session = kernel.RetrieveSession(kernel.OpenDevice(), "vm");
            using Vmm resumed = Vmm.Resume(kernel, kernel.Retrieve(session, Vmm.VmToken), kernel.Retrieve(session, Vmm.MemoryToken));
            Assert.Equal([0L, 3], resumed.Present());
        }
    }

    [Fact]
    [Trait("Asked", "freeze")]
    public unsafe void MadviseRemove_IsAPunchedHole_EPERM()
    {
        (EmulatedMachine machine, Vmm vmm, Descriptor session) = Start();
        using (machine)
        {
            using MemfdMapping mapping = vmm.Memory.Map();
            mapping.GetSpan(0, 2 * Vmm.Page).Fill(1);
            Assert.Equal(0, vmm.Kernel.MAdvise((nint)mapping.Address, Vmm.Page, 9));
            Assert.Equal([1L], vmm.Present());
            Assert.Equal(0, vmm.Preserve(session));
            Assert.Equal(EPERM, vmm.Kernel.MAdvise((nint)mapping.Address + Vmm.Page, Vmm.Page, 9));
            Assert.Equal([1L], vmm.Present());
        }
    }

    [Fact]
    [Trait("Asked", "freeze")]
    public void UnpreserveUnfreezes_ForGuestFallocateAndMappings()
    {
        (EmulatedMachine machine, Vmm vmm, Descriptor session) = Start();
        using (machine)
        {
            using MemfdMapping mapping = vmm.Memory.Map();
            Assert.Equal(0, vmm.Preserve(session));
            Assert.Equal(EFAULT, vmm.Kernel.TryFill(mapping, 0));
            session.Dispose();
            Assert.Equal(1, vmm.Kernel.TryFill(mapping, 0));
            mapping.GetSpan(Vmm.Page, 1)[0] = 1;
            Assert.Equal(KvmExitReason.Halt, vmm.Store(2, 1));
            vmm.Memory.Allocate(3 * Vmm.Page, Vmm.Page);
            Assert.Equal([0L, 1, 2, 3], vmm.Present());
            vmm.Memory.PunchHole(0, 4 * Vmm.Page);
            Assert.Empty(vmm.Present());
        }
    }

    [Fact]
    [Trait("Asked", "freeze")]
    public void OtherFilesAreNotFrozen()
    {
        (EmulatedMachine machine, Vmm vmm, Descriptor session) = Start();
        using (machine)
        {
            using GuestMemfd other = vmm.Vm.CreateGuestMemfd(16 * Vmm.Page);
            vmm.Vm.SetMemoryRegion(Vmm.Region(other.Handle, 0, 16 * Vmm.Page, 1));
            Assert.Equal(0, vmm.Preserve(session));
            other.Allocate(0, Vmm.Page);
            Assert.Equal(KvmExitReason.Halt, vmm.Run(static guest => guest.Write(Vmm.Page, [1])));
            Assert.Equal([0L, 1], Vmm.Pages(Vmm.InodeOf(vmm.Kernel, other.Handle)));
        }
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [Trait("Asked", "freeze")]
    public async Task FreezeWaitsForReadersInside_OfAnyFile(bool ofAnotherFile, bool fallocates)
    {
        (EmulatedMachine machine, Vmm vmm, Descriptor session) = Start();
        using (machine)
        {
            using GuestMemfd other = vmm.Vm.CreateGuestMemfd(16 * Vmm.Page);
            vmm.Vm.SetMemoryRegion(Vmm.Region(other.Handle, 0, 16 * Vmm.Page, 1));
            GuestMemfd touched = ofAnotherFile ? other : vmm.Memory;
            ulong address = ofAnotherFile ? 0 : Vmm.Base;
            using var inside = new ManualResetEventSlim();
            using var waiting = new ManualResetEventSlim();
            using var leave = new ManualResetEventSlim();
            Srcu gate = vmm.Kernel.Running.Kvm!.FreezeGate;
            gate.Waiting = waiting.Set;
            Vmm.InodeOf(vmm.Kernel, touched.Handle).Admitted = () =>
            {
                inside.Set();
                leave.Wait();
            };
            Task reader = Task.Run(() =>
            {
                if (fallocates)
                {
                    touched.Allocate(3 * Vmm.Page, Vmm.Page);
                }
                else
                {
                    Assert.Equal(KvmExitReason.Halt, vmm.Run(guest => guest.Write(address + (3 * Vmm.Page), [1])));
                }
            });
            inside.Wait();
            Task<int> preserve = Task.Run(() => vmm.Preserve(session, withVm: false));
            waiting.Wait();
            Assert.True(vmm.Inode.IsFrozen);
            Assert.False(preserve.IsCompleted);
            leave.Set();
            await reader;
            Assert.Equal(0, await preserve);
            Assert.Equal(ofAnotherFile ? [] : [3L], vmm.Present());
            Assert.Equal(KvmExitReason.MemoryFault, vmm.Store(4, 1));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Asked", "freeze")]
    public async Task UnfreezeWaitsForNobody(bool fallocates)
    {
        (EmulatedMachine machine, Vmm vmm, Descriptor session) = Start();
        using (machine)
        {
            using GuestMemfd other = vmm.Vm.CreateGuestMemfd(16 * Vmm.Page);
            vmm.Vm.SetMemoryRegion(Vmm.Region(other.Handle, 0, 16 * Vmm.Page, 1));
            Assert.Equal(0, vmm.Preserve(session));
            using var inside = new ManualResetEventSlim();
            using var leave = new ManualResetEventSlim();
            Srcu gate = vmm.Kernel.Running.Kvm!.FreezeGate;
            bool hasWaited = false;
            gate.Waiting = () =>
            {
                // Lets the reader go, so that an unfreeze that waits fails the test instead of standing still.
                hasWaited = true;
                leave.Set();
            };
            Vmm.InodeOf(vmm.Kernel, other.Handle).Admitted = () =>
            {
                inside.Set();
                leave.Wait();
            };
            Task reader = Task.Run(() =>
            {
                if (fallocates)
                {
                    other.Allocate(0, Vmm.Page);
                }
                else
                {
                    Assert.Equal(KvmExitReason.Halt, vmm.Run(static guest => guest.Write(0, [1])));
                }
            });
            inside.Wait();
            session.Dispose();
            Assert.False(vmm.Inode.IsFrozen);
            Assert.False(hasWaited);
            Assert.False(reader.IsCompleted);
            leave.Set();
            await reader;
        }
    }

    [Fact]
    [Trait("Asked", "freeze")]
    public async Task Gate_DoesNotWaitForReadersThatComeLater()
    {
        var gate = new Srcu();
        using var waiting = new ManualResetEventSlim();
        gate.Waiting = waiting.Set;
        int first = gate.Enter();
        Task writer = Task.Run(gate.Synchronize);
        waiting.Wait();
        int second = gate.Enter();
        Assert.NotEqual(first, second);
        gate.Exit(first);
        await writer;
        gate.Exit(second);
        gate.Synchronize();
    }

    [Theory]
    [InlineData(AllocationKind.Page)]
    [InlineData(AllocationKind.Slab)]
    [Trait("Asked", "freeze")]
    public void FailedPreserve_LeavesNothingFrozen(AllocationKind kind)
    {
        (EmulatedMachine machine, Vmm vmm, Descriptor session) = Start();
        using (machine)
        {
            using MemfdMapping mapping = vmm.Memory.Map();
            vmm.Store(0, 1);
            int nth = 1;
            for (InjectedFault fault = machine.Faults.FailAllocation(kind, nth); ; fault = machine.Faults.FailAllocation(kind, ++nth))
            {
                int error = vmm.Preserve(session, withVm: false);
                if (!fault.HasFired)
                {
                    Assert.Equal(0, error);
                    break;
                }

                Assert.Equal(ENOMEM, error);
                Assert.False(vmm.Inode.IsFrozen);
                Assert.Equal(1, vmm.Kernel.TryFill(mapping, 5 * Vmm.Page));
                vmm.Memory.PunchHole(5 * Vmm.Page, Vmm.Page);
            }

            Assert.True(vmm.Inode.IsFrozen);
            Assert.True(nth > 3);
        }
    }
}

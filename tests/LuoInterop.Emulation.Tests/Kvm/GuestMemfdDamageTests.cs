using LuoInterop.Emulation.Interop;
using LuoInterop.Kho;
using LuoInterop.Kvm;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Kvm;

/// <summary>Retrieves guest_memfds whose records or pages were damaged on the way.</summary>
public class GuestMemfdDamageTests
{
    public static TheoryData<string, int> Records => new()
    {
        { "size 0", EINVAL },
        { "size unaligned", EINVAL },
        { "size negative", EINVAL },
        { "unknown flag", EOPNOTSUPP },
        { "no such VM", ENOENT },
        { "itself as VM", EINVAL },
        { "a memfd as VM", EINVAL },
        { "VM of another type", EINVAL },
        { "array not preserved", EINVAL },
        { "folio twice", EIO },
        { "page twice", EEXIST },
        { "folio nowhere", EIO },
    };

    [Theory]
    [MemberData(nameof(Records))]
    public void GuestMemfd_DamagedRecord_FailsForEver_AndFinishCleansUp(string damage, int expected)
    {
        using var handed = new HandedOverGuest();
        switch (damage)
        {
            case "size 0":
                handed.Record = handed.Record with { FileSize = 0 };
                break;
            case "size unaligned":
                handed.Record = handed.Record with { FileSize = 4097 };
                break;
            case "size negative":
                handed.Record = handed.Record with { FileSize = 1UL << 63 };
                break;
            case "unknown flag":
                handed.Record = handed.Record with { Flags = 7 };
                break;
            case "no such VM":
                handed.Record = handed.Record with { VmToken = 0x99 };
                break;
            case "itself as VM":
                handed.Record = handed.Record with { VmToken = Vmm.MemoryToken };
                break;
            case "a memfd as VM":
                handed.Record = handed.Record with { VmToken = HandedOverGuest.MemfdToken };
                break;
            case "VM of another type":
                handed.VmRecord = new(1);
                break;
            case "array not preserved":
                handed.Record = handed.Record with { Folios = handed.Record.Folios with { TotalPages = 2 } };
                break;
            case "folio twice":
                handed.Change(1, first => first with { Pfn = first.Pfn - 1 });
                break;
            case "page twice":
                handed.Change(1, static folio => folio with { Index = 2 });
                break;
            case "folio nowhere":
                handed.Change(1, static folio => folio with { Pfn = 0xfffff });
                break;
        }

        (EmulatedProcess kernel, Descriptor session) = handed.Boot();
        Assert.Equal(expected, kernel.TryRetrieve(session, Vmm.MemoryToken, out _));
        Assert.Equal(expected, kernel.TryRetrieve(session, Vmm.MemoryToken, out _));
        Assert.Equal(0, kernel.Finish(session));
        session.Dispose();
        using Vmm next = Vmm.Create(kernel);
        Assert.Equal(KvmExitReason.Halt, next.Store(0, 1));
    }

    [Fact]
    public void GuestMemfd_ArrayShorterThanItsCount_Panics()
    {
        using var handed = new HandedOverGuest();
        handed.Record = handed.Record with { NrFolios = 4096 };
        (EmulatedProcess kernel, Descriptor session) = handed.Boot();
        Assert.Throws<EmulatedKernelPanicException>(() => kernel.TryRetrieve(session, Vmm.MemoryToken, out _));
        Assert.True(kernel.HasEnded);
    }

    [Theory]
    [InlineData("no folio", new long[] { 2, 9 })]
    [InlineData("not up to date", new long[] { 2, 3, 9 })]
    [InlineData("another place", new long[] { 2, 9, 12 })]
    [InlineData("past the end", new long[] { 2, 9 })]
    public void GuestMemfd_OddEntries_AreTakenAsTheyAre(string damage, long[] expected)
    {
        using var handed = new HandedOverGuest();
        handed.Change(1, folio => damage switch
        {
            "no folio" => folio with { Pfn = 0 },
            "not up to date" => folio with { Flags = 0 },
            "another place" => folio with { Index = 12 },
            _ => folio with { Index = 1UL << 40 },
        });
        (EmulatedProcess kernel, Descriptor session) = handed.Boot();
        using Vmm resumed = Vmm.Resume(kernel, kernel.Retrieve(session, Vmm.VmToken), kernel.Retrieve(session, Vmm.MemoryToken));
        Assert.Equal(expected, resumed.Present());
        Assert.Equal((2, 9), (resumed.Load(2), resumed.Load(9)));
        Assert.Equal(damage == "another place" ? 3 : 0, resumed.Load(damage == "another place" ? 12 : 3));
        Assert.Equal(0, kernel.Finish(session));
    }

    [Fact]
    public void GuestMemfd_PagesThatWereNotRecorded_AreHoles()
    {
        using var handed = new HandedOverGuest();
        handed.Record = handed.Record with { NrFolios = 2 };
        (EmulatedProcess kernel, Descriptor session) = handed.Boot();
        using Vmm resumed = Vmm.Resume(kernel, kernel.Retrieve(session, Vmm.VmToken), kernel.Retrieve(session, Vmm.MemoryToken));
        Assert.Equal([2L, 3], resumed.Present());
    }

    [Fact]
    public void GuestMemfd_FolioNotPreserved_EIO_OnlyForItsFile()
    {
        using var handed =
            new HandedOverGuest(static machine => machine.Faults.DamageFolio(FolioDamage.NotPreserved, Vmm.MemoryToken, 3 * Vmm.Page));
        (EmulatedProcess kernel, Descriptor session) = handed.Boot();
        Assert.Equal(EIO, kernel.TryRetrieve(session, Vmm.MemoryToken, out _));
        Assert.Equal(EIO, kernel.TryRetrieve(session, Vmm.MemoryToken, out _));
        using Descriptor vm = kernel.Retrieve(session, Vmm.VmToken);
        using Descriptor memfd = kernel.Retrieve(session, HandedOverGuest.MemfdToken);
        Assert.Equal(0, kernel.Finish(session));
    }

    [Fact]
    public void GuestMemfd_FolioOverwritten_ShowsInThatPageOnly()
    {
        using var handed =
            new HandedOverGuest(static machine => machine.Faults.DamageFolio(FolioDamage.Overwritten, Vmm.MemoryToken, 9 * Vmm.Page));
        (EmulatedProcess kernel, Descriptor session) = handed.Boot();
        using Vmm resumed = Vmm.Resume(kernel, kernel.Retrieve(session, Vmm.VmToken), kernel.Retrieve(session, Vmm.MemoryToken));
        Assert.Equal((2, 3, 0xaa), (resumed.Load(2), resumed.Load(3), resumed.Load(9)));
    }

    [Fact]
    public void GuestMemfd_BrokenMemory_EHWPOISON_ForTheGuestAndForPreserving_UntilItIsFreed()
    {
        using var handed =
            new HandedOverGuest(static machine => machine.Faults.DamageFolio(FolioDamage.HardwarePoisoned, Vmm.MemoryToken, 3 * Vmm.Page));
        EmulatedProcess kernel = handed.Machine.Boot();
        Descriptor device = kernel.OpenDevice();
        Descriptor session = kernel.RetrieveSession(device, "vm");
        using Vmm resumed = Vmm.Resume(kernel, kernel.Retrieve(session, Vmm.VmToken), kernel.Retrieve(session, Vmm.MemoryToken));
        Assert.Equal(0, kernel.Finish(session));
        session.Dispose();
        Assert.Equal(2, resumed.Load(2));
        foreach (Func<KvmExitReason> touch in (Func<KvmExitReason>[])[
            () => resumed.Store(3, 1), () => resumed.Load(3) < 0 ? resumed.Vcpu.ExitReason : default])
        {
            Assert.Equal(KvmExitReason.MemoryFault, touch());
            Assert.Equal(
                new KvmMemoryFault(Errno.EHWPOISON, Vmm.Base + (3 * Vmm.Page), Vmm.Page, IsPrivate: false, 0), resumed.Vcpu.MemoryFault);
        }

        Descriptor again = kernel.Create(device, "again");
        Assert.Equal(-133, resumed.Preserve(again, withVm: false));
        Assert.False(resumed.Inode.IsFrozen);
        resumed.Memory.PunchHole(3 * Vmm.Page, Vmm.Page);
        Assert.Equal(KvmExitReason.Halt, resumed.Store(3, 7));
        Assert.Equal(0, resumed.Preserve(again));
    }

    [Theory]
    [InlineData(AllocationKind.Page)]
    [InlineData(AllocationKind.Slab)]
    public void GuestMemfd_ShortageAtRetrieve_IsForEver_AndLosesNothingOfTheMachine(AllocationKind kind)
    {
        int nth = 1;
        for (bool fired = true; fired; nth++)
        {
            HostFile file;
            using (var handed = new HandedOverGuest())
            {
                file = handed.File;
                (EmulatedProcess kernel, Descriptor session) = handed.Boot();
                InjectedFault fault = handed.Machine.Faults.FailAllocation(kind, nth);
                int error = kernel.TryRetrieve(session, Vmm.MemoryToken, out int fd);
                fired = fault.HasFired;
                Assert.True(fired ? error is ENOMEM or EINVAL : error == 0, $"{fault}: {error}");
                handed.Machine.Faults.Clear();
                Assert.Equal(error, kernel.TryRetrieve(session, Vmm.MemoryToken, out int second));
                Assert.Equal(0, kernel.Finish(session));
                session.Dispose();
                Assert.Equal(0, fired ? 0 : kernel.Close(fd));
                Assert.Equal(0, fired ? 0 : kernel.Close(second));
                if (error != EINVAL)
                {
                    Assert.DoesNotContain(kernel.Running.Handover.Memory.Folios, range => range.File == file);
                    Assert.Equal(-1, file.Fd);
                }
            }

            Assert.Equal(-1, file.Fd);
        }

        Assert.True(nth > (kind == AllocationKind.Slab ? 5 : 1));
    }

    [Fact]
    public void GuestMemfd_KilledProcess_FreesVmAndMemory()
    {
        using EmulatedMachine machine = Vmm.Machine();
        EmulatedProcess kernel = machine.Boot();
        EmulatedProcess process = kernel.StartProcess();
        Vmm vmm = Vmm.Create(process);
        using MemfdMapping mapping = vmm.Memory.Map();
        vmm.Store(0, 1);
        Assert.Equal(0, vmm.Preserve(process.Create(process.OpenDevice(), "vm")));
        HostFile file = vmm.Inode.File;
        machine.Faults.KillProcess(KernelCall.FAllocate);
        Assert.Throws<EmulatedKillException>(() => vmm.Memory.Allocate(0, Vmm.Page));
        Assert.Throws<EmulatedKillException>(() => vmm.Vcpu.Run());
        Assert.Equal(-1, file.Fd);
        Assert.Equal(1, mapping.GetSpan(0, 1)[0]);
    }
}

using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kvm;
using LuoInterop.Interop;
using LuoInterop.Kvm;
using Tmds.Linux;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Kvm;

/// <summary>Lets vCPUs, fallocate and writers through mappings run against freezing and unfreezing.</summary>
public class FreezeRaceTests
{
    private const int Pages = 192, Rounds = 15;

    /// <summary>Gets a seed that always runs, and a fresh one, which the test's name shows when it fails.</summary>
    public static TheoryData<int> Seeds => [1, Random.Shared.Next(1, 1_000_000)];

    /// <summary>From the return of PRESERVE_FD to the close of the session no page comes into being and none goes.</summary>
    [Theory]
    [MemberData(nameof(Seeds))]
    [Trait("Asked", "freeze")]
    public void NoAllocationIsObservedAfterTheFreezeReturned(int seed)
    {
        using EmulatedMachine machine = Vmm.Machine();
        EmulatedProcess kernel = machine.Boot();
        using Vmm vmm = Vmm.Create(kernel, Pages);
        using var workers = new Workers();
        for (int i = 0; i < 3; i++)
        {
            int id = i;
            workers.Start(() => Guest(vmm, id, seed));
        }

        for (int i = 0; i < 2; i++)
        {
            int id = i;
            workers.Start(() => Allocator(vmm, id, seed));
        }

        using Descriptor source = kernel.MemfdWith([1]);
        workers.Start(() => Writer(vmm, source, seed, remaps: false));
        workers.Start(() => Writer(vmm, source, seed, remaps: true));
        Descriptor device = kernel.OpenDevice();
        using MemfdMapping mapping = vmm.Memory.Map();
        GuestMemfdInode inode = vmm.Inode;
        long frozenChecks = 0;
        for (int round = 0; round < Rounds && !workers.HasFailed; round++)
        {
            Descriptor session = kernel.Create(device, "vm");
            Assert.Equal(0, vmm.Preserve(session));
            long[] present = Vmm.Pages(inode);
            ulong blocks = Blocks(inode);
            workers.Advance(() =>
            {
                Assert.Equal(blocks, Blocks(inode));
                Assert.Equal(present, Vmm.Pages(inode));
                Assert.All(present, page => Assert.Equal(1, Fill(kernel, source, mapping, page * Vmm.Page)));
                frozenChecks++;
            });
            session.Dispose();
            workers.Advance(static () => { });
        }

        workers.Stop();
        Assert.True(frozenChecks >= Rounds);
    }

    private static IEnumerator<bool> Guest(Vmm vmm, int id, int seed)
    {
        var random = new Random((seed * 100) + id);
        KvmVcpu vcpu = id == 0 ? vmm.Vcpu : vmm.Vm.CreateVcpu((uint)id);
        ulong address = 0;
        byte[] buffer = new byte[64];
        vmm.Kernel.SetGuest(vcpu.Handle, guest =>
        {
            if (random.Next(2) == 0)
            {
                guest.Write(address, buffer);
            }
            else
            {
                guest.Read(address, buffer);
            }
        });
        while (true)
        {
            address = Vmm.Base + (ulong)random.Next((Pages * Vmm.Page) - 64);
            if (vcpu.Run() != KvmExitReason.Halt)
            {
                Assert.Equal((KvmExitReason.MemoryFault, Errno.EPERM), (vcpu.ExitReason, vcpu.MemoryFault.Errno));
            }

            yield return true;
        }
    }

    private static IEnumerator<bool> Allocator(Vmm vmm, int id, int seed)
    {
        var random = new Random((seed * 100) + 10 + id);
        while (true)
        {
            int page = random.Next(Pages - 8);
            int result = vmm.Kernel.FAllocate(
                vmm.Memory.Handle, random.Next(2) == 0 ? Vmm.KeepSize : Vmm.PunchHole, page * Vmm.Page, random.Next(1, 8) * Vmm.Page);
            Assert.True(result is 0 or EPERM, $"fallocate: {result}");
            yield return true;
        }
    }

    private static IEnumerator<bool> Writer(Vmm vmm, Descriptor source, int seed, bool remaps)
    {
        var random = new Random((seed * 100) + 20 + (remaps ? 1 : 0));
        MemfdMapping mapping = vmm.Memory.Map();
        try
        {
            while (true)
            {
                nint result = Fill(vmm.Kernel, source, mapping, random.Next(Pages) * Vmm.Page);
                Assert.True(result is 1 or EFAULT, $"pread into the mapping: {result}");
                if (remaps)
                {
                    result = Remove(vmm.Kernel, mapping, random.Next(Pages) * Vmm.Page);
                    Assert.True(result is 0 or EPERM, $"madvise: {result}");
                    mapping.Dispose();
                    mapping = vmm.Memory.Map();
                }

                yield return true;
            }
        }
        finally
        {
            mapping.Dispose();
        }
    }

    private static unsafe int Remove(Kernel kernel, MemfdMapping mapping, long offset) =>
        kernel.MAdvise((nint)mapping.Address + (nint)offset, Vmm.Page, MmanHeader.MADV_REMOVE);

    private static unsafe nint Fill(Kernel kernel, Descriptor source, MemfdMapping mapping, long offset) =>
        MappedBytes.TryFill(kernel, source, mapping.Address + offset);

    private static ulong Blocks(GuestMemfdInode inode)
    {
        Assert.Equal(0, HostFile.Stat(inode.File.Fd, out statx status));
        return status.stx_blocks;
    }
}

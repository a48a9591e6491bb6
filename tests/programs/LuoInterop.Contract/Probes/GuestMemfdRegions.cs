using LuoInterop.Kvm;
using LuoInterop.Kvm.Interop;
using Xunit;

namespace LuoInterop.Contract.Probes;

/// <summary>Probes of KVM_SET_USER_MEMORY_REGION2 with a guest_memfd.</summary>
public static class GuestMemfdRegions
{
    private const int Page = ProbeVm.Page;

    public static void Region_WithLogOrReadOnlyOrUnknownFlags_EINVAL(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        KvmMemoryRegion good = Region(probe.Memory());
        foreach (uint flag in (uint[])[(uint)KvmMemoryOptions.LogDirtyPages, (uint)KvmMemoryOptions.ReadOnly, 8, 1u << 16, 1u << 31])
        {
            Refused.With(Errno.EINVAL, () =>
                probe.Vm.SetMemoryRegion(good with { Options = KvmMemoryOptions.GuestMemfd | (KvmMemoryOptions)flag }));
        }

        probe.Vm.SetMemoryRegion(good);
    }

    public static void Region_Unaligned_EINVAL_AlsoTheUserAddress(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        KvmMemoryRegion good = Region(probe.Memory());
        KvmMemoryRegion[] bad =
        [
            good with { Size = Page + 1 },
            good with { GuestAddress = 1 },
            good with { UserAddress = 1 },
            good with { GuestMemfdOffset = 1 },
            good with { UserAddress = nuint.MaxValue - 4095 },
        ];
        Assert.All(bad, region => Refused.With(Errno.EINVAL, () => probe.Vm.SetMemoryRegion(region)));
        probe.Vm.SetMemoryRegion(good);
    }

    public static void Region_BeyondTheFileOrAddresses_EINVAL(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        KvmMemoryRegion good = Region(probe.Memory());
        KvmMemoryRegion[] bad =
        [
            good with { Size = 17 * Page },
            good with { GuestMemfdOffset = Page },
            good with { GuestMemfdOffset = unchecked((ulong)-Page) },
            good with { GuestMemfdOffset = long.MaxValue - 4095 },
            good with { GuestAddress = unchecked((ulong)-Page) },
            good with { Slot = 0xFFFF },
            good with { Slot = 2 << 16 },
        ];
        Assert.All(bad, region => Refused.With(Errno.EINVAL, () => probe.Vm.SetMemoryRegion(region)));
        probe.Vm.SetMemoryRegion(good);
    }

    public static void Region_OfClosedFile_EBADF_OfAnotherFile_EINVAL(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        using Memfd memfd = Memfd.Create(kernel, "no guest_memfd", 16 * Page);
        KvmMemoryRegion good = Region(probe.Memory());
        Refused.With(Errno.EBADF, () => probe.Vm.SetMemoryRegion(good with { GuestMemfd = null }));
        Refused.With(Errno.EINVAL, () => probe.Vm.SetMemoryRegion(good with { GuestMemfd = memfd.Handle }));
        Refused.With(Errno.EINVAL, () => probe.Vm.SetMemoryRegion(good with { GuestMemfd = probe.Vm.Handle }));
        probe.Vm.SetMemoryRegion(good);
    }

    public static void Region_OfAnotherVmsFile_EINVAL(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        using var other = new ProbeVm(kernel);
        Refused.With(Errno.EINVAL, () => probe.Vm.SetMemoryRegion(Region(other.Memory())));
    }

    public static void Region_OverAnotherOne_EEXIST_BeforeTheFileIsLookedAt(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        probe.Bind(0, 0, probe.Memory(), 0, 16 * Page);
        KvmMemoryRegion over = Region(probe.Memory()) with { Slot = 1, GuestAddress = 15 * Page };
        Refused.With(Errno.EEXIST, () => probe.Vm.SetMemoryRegion(over));
        Refused.With(Errno.EEXIST, () => probe.Vm.SetMemoryRegion(over with { GuestMemfd = null }));
        probe.Vm.SetMemoryRegion(over with { GuestAddress = 16 * Page });
    }

    public static void Region_OfBoundPages_EEXIST_UntilTheOtherIsRemoved(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        GuestMemfd memory = probe.Memory();
        probe.Bind(0, 0, memory, 0, 2 * Page);
        Refused.With(Errno.EEXIST, () => probe.Bind(1, 16 * Page, memory, Page, Page));
        probe.Bind(1, 16 * Page, memory, 2 * Page, Page);
        probe.Vm.RemoveMemory(0);
        probe.Bind(0, 0, memory, Page, Page);
    }

    public static void Region_BoundToAFile_CannotChange_EINVAL(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        KvmMemoryRegion region = Region(probe.Memory());
        probe.Vm.SetMemoryRegion(region);
        Refused.With(Errno.EINVAL, () => probe.Vm.SetMemoryRegion(region));
        Refused.With(Errno.EINVAL, () => probe.Vm.SetMemoryRegion(region with { GuestAddress = 32 * Page }));
        Refused.With(Errno.EINVAL, () => probe.Vm.SetMemoryRegion(region with { Options = KvmMemoryOptions.None }));
        probe.Vm.RemoveMemory(0);
        probe.Vm.SetMemoryRegion(region);
    }

    public static void Region_OfUserMemory_CannotBecomeGuestMemory_EINVAL(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        using Memfd memfd = Memfd.Create(kernel, "user memory", 16 * Page);
        using MemfdMapping mapping = memfd.Map();
        KvmMemoryRegion user = User(mapping);
        probe.Vm.SetMemoryRegion(user);
        probe.Vm.SetMemoryRegion(user);
        probe.Vm.SetMemoryRegion(user with { Options = KvmMemoryOptions.LogDirtyPages });
        Refused.With(Errno.EINVAL, () => probe.Vm.SetMemoryRegion(Region(probe.Memory()) with { UserAddress = user.UserAddress }));
    }

    public static void Region_Removed_EINVALTheSecondTime(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        Refused.With(Errno.EINVAL, () => probe.Vm.RemoveMemory(0));
        probe.Vm.SetMemoryRegion(Region(probe.Memory()));
        probe.Vm.RemoveMemory(0);
        Refused.With(Errno.EINVAL, () => probe.Vm.RemoveMemory(0));
    }

    public static void Region_StaysWhenItsFileIsClosed(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        GuestMemfd memory = probe.Memory();
        probe.Vm.SetMemoryRegion(Region(memory));
        memory.Dispose();
        Refused.With(Errno.EEXIST, () => probe.Vm.SetMemoryRegion(Region(probe.Memory()) with { Slot = 1 }));
        probe.Vm.RemoveMemory(0);
        probe.Vm.SetMemoryRegion(Region(probe.Memory()) with { Slot = 1 });
    }

    public static void Region_OfAFileWithoutFlags_IsTaken(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        probe.Bind(0, 0, probe.Memory(16 * Page, GuestMemfdOptions.None), 0, 16 * Page);
        probe.Bind(1, 16 * Page, probe.Memory(16 * Page, GuestMemfdOptions.Map), 0, 16 * Page);
        probe.Bind(2, 32 * Page, probe.Memory(16 * Page, GuestMemfdOptions.InitShared), 0, 16 * Page);
    }

    public static unsafe void Region_ReservedWords_AreIgnored(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        kvm_userspace_memory_region2 argument = default;
        argument.flags = KvmHeader.KVM_MEM_GUEST_MEMFD;
        argument.memory_size = Page;
        argument.guest_memfd = (uint)RawIoctl.Number(probe.Memory().Handle);
        argument.pad1 = uint.MaxValue;
        for (int i = 0; i < 14; i++)
        {
            argument.pad2[i] = ulong.MaxValue;
        }

        Assert.Equal(0, kernel.Ioctl(probe.Vm.Handle, KvmHeader.KVM_SET_USER_MEMORY_REGION2, (nint)(&argument)));
    }

    public static void Region_UnreadableArgument_EFAULT(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        using UserMemory nowhere = UserMemory.Unmapped(kernel);
        Refused.With(Errno.EFAULT, kernel.Ioctl(probe.Vm.Handle, KvmHeader.KVM_SET_USER_MEMORY_REGION2, nowhere.Address));
    }

    private static KvmMemoryRegion Region(GuestMemfd memory) => new()
    {
        Options = KvmMemoryOptions.GuestMemfd,
        Size = 16 * Page,
        GuestMemfd = memory.Handle,
    };

    private static unsafe KvmMemoryRegion User(MemfdMapping mapping) => new()
    {
        Size = 16 * Page,
        UserAddress = (nuint)mapping.Address,
    };
}

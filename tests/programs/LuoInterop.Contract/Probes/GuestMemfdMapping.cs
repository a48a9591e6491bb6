using LuoInterop.Interop;
using LuoInterop.Kvm;
using Xunit;

namespace LuoInterop.Contract.Probes;

/// <summary>Probes of mmap(2) and fallocate(2) on a guest_memfd.</summary>
public static class GuestMemfdMapping
{
    private const int Page = ProbeVm.Page;
    private const int KeepSize = FallocHeader.FALLOC_FL_KEEP_SIZE;
    private const int PunchHole = FallocHeader.FALLOC_FL_PUNCH_HOLE;
    private const int Writable = MmanHeader.PROT_READ | MmanHeader.PROT_WRITE;

    public static void Map_WithoutTheMapFlag_ENODEV(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        foreach (GuestMemfdOptions options in (GuestMemfdOptions[])[GuestMemfdOptions.None, GuestMemfdOptions.InitShared])
        {
            GuestMemfd memory = probe.Memory(Page, options);
            Refused.With(Errno.ENODEV, kernel.MMap(Page, Writable, MmanHeader.MAP_SHARED, memory.Handle, 0));
            Refused.With(Errno.ENODEV, kernel.MMap(Page, Writable, MmanHeader.MAP_PRIVATE, memory.Handle, 0));
            Refused.With(Errno.ENODEV, () => memory.Map());
        }
    }

    public static void Map_Private_EINVAL(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        Refused.With(Errno.EINVAL, kernel.MMap(Page, Writable, MmanHeader.MAP_PRIVATE, probe.Memory().Handle, 0));
        Refused.With(Errno.EINVAL, kernel.MMap(Page, MmanHeader.PROT_READ, MmanHeader.MAP_PRIVATE, probe.Memory().Handle, 0));
    }

    public static void Map_Executable_EPERM(Kernel kernel)
    {
        const int Executable = 4;
        using var probe = new ProbeVm(kernel);
        Refused.With(Errno.EPERM, kernel.MMap(Page, Writable | Executable, MmanHeader.MAP_SHARED, probe.Memory().Handle, 0));
    }

    public static void Map_WithoutInitShared_IsTaken_AndTouchingItSIGBUS(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        GuestMemfd memory = probe.Memory(Page, GuestMemfdOptions.Map);
        nint address = probe.Map(memory, Page);
        Refused.With(Errno.EFAULT, probe.TryRead(address, 1));
        Refused.With(Errno.EFAULT, kernel.MAdvise(address, Page, MmanHeader.MADV_POPULATE_WRITE));
        memory.Allocate(0, Page);
        Refused.With(Errno.EFAULT, probe.TryRead(address, 1));
        Assert.Throws<InvalidOperationException>(() => memory.Map());
    }

    public static void Map_BeyondTheEnd_IsTaken_AndTouchingItSIGBUS(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        nint address = probe.Map(probe.Memory(Page), 2 * Page);
        Assert.Equal(1, probe.TryRead(address + Page - 1, 1));
        Refused.With(Errno.EFAULT, probe.TryRead(address + Page, 1));
    }

    public static void Map_Shared_ShowsOneMemory(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        GuestMemfd memory = probe.Memory();
        using MemfdMapping whole = memory.Map();
        using MemfdMapping second = memory.Map(Page, Page, writable: false);
        Assert.False(whole.GetSpan(0, 16 * Page).ContainsAnyExcept((byte)0));
        whole.GetSpan(Page + 5, 1)[0] = 0x5A;
        Assert.Equal(0x5A, second.GetReadOnlySpan(5, 1)[0]);
        whole.Populate();
        Assert.Equal(0x5A, second.GetReadOnlySpan(5, 1)[0]);
    }

    public static void Map_AdvisedToRemove_PunchesAHole(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        GuestMemfd memory = probe.Memory();
        nint address = probe.Map(memory, 16 * Page);
        using MemfdMapping mapping = memory.Map();
        mapping.GetSpan(0, 2 * Page).Fill(0xAA);
        Refused.Not(kernel.MAdvise(address, Page, MmanHeader.MADV_REMOVE));
        Assert.Equal((0, 0xAA), (mapping.GetSpan(0, 1)[0], mapping.GetSpan(Page, 1)[0]));
    }

    public static void Allocate_OtherModes_EOPNOTSUPP_BeforeTheRangeIsLookedAt(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        GuestMemfd memory = probe.Memory();
        int[] modes =
        [
            0, PunchHole, FallocHeader.FALLOC_FL_ZERO_RANGE, KeepSize | FallocHeader.FALLOC_FL_ZERO_RANGE,
            FallocHeader.FALLOC_FL_COLLAPSE_RANGE, FallocHeader.FALLOC_FL_INSERT_RANGE, KeepSize | FallocHeader.FALLOC_FL_UNSHARE_RANGE,
        ];
        foreach (int mode in modes)
        {
            Refused.With(Errno.EOPNOTSUPP, kernel.FAllocate(memory.Handle, mode, 0, Page));
            Refused.With(Errno.EOPNOTSUPP, kernel.FAllocate(memory.Handle, mode, 1, 1));
        }
    }

    public static void Allocate_NegativeOrEmptyRange_EINVAL_BeforeTheMode(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        GuestMemfd memory = probe.Memory();
        foreach ((long offset, long length) in ((long, long)[])[(0, 0), (-Page, Page), (0, -Page)])
        {
            Refused.With(Errno.EINVAL, kernel.FAllocate(memory.Handle, 0, offset, length));
            Refused.With(Errno.EINVAL, kernel.FAllocate(memory.Handle, KeepSize | PunchHole, offset, length));
        }
    }

    public static void Allocate_UnalignedRange_EINVAL(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        GuestMemfd memory = probe.Memory();
        foreach ((long offset, long length) in ((long, long)[])[(1, Page), (Page, 1), (Page - 1, Page + 1), (0, Page + 1)])
        {
            Refused.With(Errno.EINVAL, kernel.FAllocate(memory.Handle, KeepSize, offset, length));
            Refused.With(Errno.EINVAL, kernel.FAllocate(memory.Handle, KeepSize | PunchHole, offset, length));
        }
    }

    public static void Allocate_BeyondTheEnd_EINVAL_AndPunchHoleThereIsDone(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        GuestMemfd memory = probe.Memory(2 * Page);
        Refused.With(Errno.EINVAL, () => memory.Allocate(2 * Page, Page));
        Refused.With(Errno.EINVAL, () => memory.Allocate(Page, 2 * Page));
        memory.PunchHole(2 * Page, Page);
        memory.PunchHole(Page, 100 * Page);
        Refused.With(Errno.EFBIG, kernel.FAllocate(memory.Handle, KeepSize | PunchHole, long.MaxValue - Page + 1, Page));
        Assert.Equal(2L * Page, memory.Size);
    }

    public static void Allocate_KeepsWhatIsThere_AndMakesZeroes(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        GuestMemfd memory = probe.Memory();
        using MemfdMapping mapping = memory.Map();
        mapping.GetSpan(0, 1)[0] = 1;
        memory.Allocate(0, 16 * Page);
        Assert.Equal(1, mapping.GetSpan(0, 1)[0]);
        Assert.False(mapping.GetSpan(1, (16 * Page) - 1).ContainsAnyExcept((byte)0));
    }

    public static void Allocate_DoesNotShowInTheBlocksOfTheFile(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        GuestMemfd memory = probe.Memory();
        memory.Allocate(0, 16 * Page);
        Assert.Equal(0, memory.Status.Blocks);
    }

    public static void PunchHole_DropsTheContentOfItsPagesOnly(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        GuestMemfd memory = probe.Memory();
        using MemfdMapping mapping = memory.Map();
        mapping.GetSpan(0, 16 * Page).Fill(0xAA);
        memory.PunchHole(Page, 2 * Page);
        Assert.False(mapping.GetSpan(0, Page).ContainsAnyExcept((byte)0xAA));
        Assert.False(mapping.GetSpan(Page, 2 * Page).ContainsAnyExcept((byte)0));
        Assert.False(mapping.GetSpan(3 * Page, 13 * Page).ContainsAnyExcept((byte)0xAA));
    }
}

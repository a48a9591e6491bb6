using static LuoInterop.Emulation.Tests.HugeTlb.Huge;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.HugeTlb;

/// <summary>Proves that munmap(2) takes whole huge pages only,
/// whatever the host has (hugetlb_vm_op_split in mm/hugetlb.c of Linux 7.3).</summary>
public sealed class UnmapTests
{
    private const long FiveMiB = 5 * MiB;

    [Fact]
    public void UnevenMapping_IsUnmappedByWholePages_AsOnLinux()
    {
        using EmulatedMachine machine = Machine("hugepages=8");
        EmulatedProcess kernel = machine.Boot();
        using Descriptor file = kernel.HugeMemfd(Huge2M, 3 * Middle);
        nint address = kernel.Map(file, FiveMiB);
        Assert.True(address > 0);
        Assert.Equal(EINVAL, kernel.MUnmap(address, (nuint)FiveMiB));
        Assert.Equal(EINVAL, kernel.MUnmap(address + 4096, (nuint)Middle));
        Assert.Equal(EINVAL, kernel.MUnmap(address, 1));
        Assert.Equal(0, kernel.MUnmap(address + (nint)Middle, (nuint)Middle));
        Assert.Equal(EINVAL, kernel.MUnmap(address + (nint)(2 * Middle), 4096));
        Assert.Equal(0, kernel.MUnmap(address, (nuint)(3 * Middle)));
    }

    [Fact]
    public void Range_AcrossTwoMappings_IsUnmapped()
    {
        using EmulatedMachine machine = Machine("hugepages=8");
        EmulatedProcess kernel = machine.Boot();
        using Descriptor file = kernel.HugeMemfd(Huge2M, 4 * Middle);
        nint address = kernel.Map(file, 4 * Middle);
        Assert.Equal(0, kernel.MUnmap(address + (nint)Middle, (nuint)Middle));
        Assert.Equal(EINVAL, kernel.MUnmap(address + (nint)MiB, (nuint)(2 * Middle)));
        Assert.Equal(0, kernel.MUnmap(address, (nuint)(4 * Middle)));
        Assert.Equal(0, kernel.MUnmap(address, (nuint)(4 * Middle)));
    }

    [Fact]
    public void PrivateMapping_GivesBackWhatItReserved_PartByPart()
    {
        using EmulatedMachine machine = Machine("hugepages=8");
        EmulatedProcess kernel = machine.Boot();
        using Descriptor file = kernel.HugeMemfd(Huge2M, 3 * Middle);
        nint address = kernel.Map(file, 3 * Middle, flags: Private);
        Assert.Equal(3UL, kernel.Counts(Middle).Reserved);
        Assert.Equal(EINVAL, kernel.MUnmap(address, (nuint)MiB));
        Assert.Equal(3UL, kernel.Counts(Middle).Reserved);
        Assert.Equal(0, kernel.MUnmap(address + (nint)Middle, (nuint)Middle));
        Assert.Equal(2UL, kernel.Counts(Middle).Reserved);
        Assert.Equal(0, kernel.MUnmap(address, (nuint)(3 * Middle)));
        Assert.Equal(0UL, kernel.Counts(Middle).Reserved);
    }

    [Fact]
    public void MappingOfTheLibrary_OfAnUnevenLength_IsGoneAfterDispose()
    {
        using EmulatedMachine machine = Machine("hugepages=8");
        EmulatedProcess kernel = machine.Boot();
        using LuoInterop.Memfd file = LuoInterop.Memfd.Create(kernel, "uneven", 3 * Middle, new MemfdOptions { HugePageSize = Middle });
        Assert.Equal(Middle, file.Status.BlockSize);
        MemfdMapping mapping = file.Map(0, FiveMiB);
        Assert.Equal((FiveMiB, 1), (mapping.Length, Mappings()));
        mapping.Dispose();
        Assert.Equal(0, Mappings());
    }

    private static int Mappings() =>
        File.ReadLines("/proc/self/maps").Count(static line => line.Contains("/memfd:uneven ", StringComparison.Ordinal));
}

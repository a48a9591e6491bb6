using LuoInterop.Emulation.Tests.HugeTlb;
using LuoInterop.Emulation.Tests.Kvm;
using static LuoInterop.Emulation.Tests.HugeTlb.Huge;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Differences;

/// <summary>Shows what mappings do otherwise than on Linux.</summary>
public sealed unsafe class ShownMappingDifferencesTests
{
    [Fact]
    [Difference("poisoned-bytes")]
    public void PoisonedPage_ReadsAsBytes()
    {
        using var machine = new EmulatedMachine(new EmulatedMachineOptions { LargestFolioOrder = 0 });
        EmulatedProcess kernel = machine.Boot();
        Assert.Equal(0, kernel.Preserve(kernel.Create(kernel.OpenDevice(), "s"), kernel.MemfdWith([1]).Fd, 1));
        machine.Faults.DamageFolio(FolioDamage.HardwarePoisoned, 1, 0);
        EmulatedProcess next = machine.Kexec();
        using Descriptor file = next.Retrieve(next.RetrieveSession(next.OpenDevice(), "s"), 1);
        Assert.Equal(EIO, next.PRead(file, new byte[1], 0));
        nint address = next.Map(file, 4096);
        Assert.Equal(0xaa, *(byte*)address);
        next.Unmap(address, 4096);
    }

    /// <summary>A touch of a mapping without a right is SIGSEGV; a mapping with rights beyond the file's pages would be SIGBUS.</summary>
    [Fact]
    [Difference("guest-memfd-missing-page")]
    public void MissingPageOfAFrozenGuestMemfd_HasNoRights()
    {
        using EmulatedMachine machine = Vmm.Machine();
        EmulatedProcess kernel = machine.Boot();
        using Vmm vmm = Vmm.Create(kernel);
        using MemfdMapping mapping = vmm.Memory.Map();
        mapping.GetSpan(0, 1)[0] = 1;
        Assert.Equal(0, vmm.Preserve(kernel.Create(kernel.OpenDevice(), "vm")));
        Assert.Equal("rw-s", Rights((nint)mapping.Address));
        Assert.Equal("---", Rights((nint)mapping.Address + Vmm.Page)[..3]);
        Assert.Equal(EFAULT, kernel.TryFill(mapping, Vmm.Page));
    }

    [Fact]
    [Difference("huge-touch-without-a-page")]
    public void TouchWithoutAPage_IsAZeroedPage()
    {
        using EmulatedMachine machine = Machine("hugepages=1");
        EmulatedProcess kernel = machine.Boot();
        using Descriptor file = kernel.HugeMemfd(Huge2M, 2 * Middle);
        nint address = kernel.Map(file, 2 * Middle, 0, Shared | NoReserve);
        *(byte*)address = 1;
        Assert.Equal(0, *(byte*)(address + (nint)Middle));
        kernel.Unmap(address, 2 * Middle);
    }

    /// <summary>On a host with free huge pages the file is a real one, which is aligned, and gives back.</summary>
    [Fact]
    [Difference("huge-alignment")]
    public void MadviseRemove_GivesNoPageBack()
    {
        using EmulatedMachine machine = Machine("hugepages=2");
        EmulatedProcess kernel = machine.Boot();
        using Descriptor file = kernel.HugeMemfd(Huge2M, Middle);
        nint address = kernel.Map(file, Middle);
        *(byte*)address = 1;
        Assert.Equal(1UL, kernel.Pool(Middle).Free);
        Assert.Equal(0, kernel.MAdvise(address, (nuint)Middle, 9));
        Assert.Equal(1UL, kernel.Pool(Middle).Free);
        kernel.Unmap(address, Middle);
    }

    [Fact]
    [Difference("huge-private-mapping")]
    public void PrivateMapping_CopiesAreNotCounted()
    {
        using EmulatedMachine machine = Machine("hugepages=4");
        EmulatedProcess kernel = machine.Boot();
        using Descriptor file = kernel.HugeMemfd(Huge2M, 2 * Middle);
        kernel.Poke(file, 0, Middle, 7);
        nint address = kernel.Map(file, 2 * Middle, 0, Private);
        (ulong Total, ulong Free, ulong Reserved, ulong Surplus) counts = kernel.Counts(Middle);
        *(byte*)address = 1;
        Assert.Equal(counts, kernel.Counts(Middle));
        Assert.Equal([7], kernel.Content(file, 1));
        kernel.Unmap(address, 2 * Middle);
        Assert.Equal((4UL, 3UL, 0UL, 0UL), kernel.Counts(Middle));
    }

    [Fact]
    [Difference("huge-no-hole")]
    public void GiganticPages_FitButOne()
    {
        using EmulatedMachine machine = Machine("hugepagesz=1G hugepages=8");
        Assert.Equal(7UL, machine.Boot().Pool(GiB).Total);
    }

    private static string Rights(nint address) => File.ReadLines("/proc/self/maps").Select(static line => line.Split(' ')).Single(words =>
        words[0].Split('-') is [var from, var to] && Convert.ToInt64(from, 16) <= address && address < Convert.ToInt64(to, 16))[1];
}

using LuoInterop;
using MiniVmm.Machine;
using MiniVmm.Memory;
using MiniVmm.Tests.Memory;
using MiniVmm.Update;
using Xunit;

namespace MiniVmm.Tests.Machine;

/// <summary>Shows that what belongs to an object from its making on is freed where that is refused.</summary>
public sealed class RefusedMachineTests
{
    private readonly RefusingKernel _kernel = new(RefusingKernel.HugePages, Errno.EINVAL);

    [Theory]
    [InlineData(0)]
    [InlineData(GuestMachine.MostCpus + 1)]
    public void Machine_OfAWrongNumberOfVcpus_FreesItsRam(int cpus)
    {
        Assert.Throws<ArgumentOutOfRangeException>(
            () => new GuestMachine(_kernel, GuestRam.Create(_kernel, 2 << 20), cpus, static _ => { }));
        Assert.Equal((0, 0), (_kernel.Mappings, _kernel.OpenFiles));
    }

    [Fact]
    public void Timeline_ThatIsNone_IsClosed()
    {
        Assert.Throws<InvalidDataException>(() => UpdateTimeline.From(Memfd.Create(_kernel, UpdateTimeline.FileName, 100)));
        Assert.Equal((0, 0), (_kernel.Mappings, _kernel.OpenFiles));
    }
}

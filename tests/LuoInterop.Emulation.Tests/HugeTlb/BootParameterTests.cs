using static LuoInterop.Emulation.Tests.HugeTlb.Huge;

namespace LuoInterop.Emulation.Tests.HugeTlb;

/// <summary>Proves how the words of the command line become pools (mm/hugetlb.c of Linux 7.3).</summary>
public sealed class BootParameterTests
{
    [Theory]
    [InlineData("", 0, 0)]
    [InlineData("hugepages=3", 3, 0)]
    [InlineData("hugepagesz=1G hugepages=2", 0, 2)]
    [InlineData("hugepagesz=1G hugepages=2 hugepagesz=2M hugepages=7", 7, 2)]
    [InlineData("hugepages=7 hugepagesz=1G hugepages=2", 7, 2)]
    [InlineData("hugepages=3 default_hugepagesz=1G", 0, 3)]
    [InlineData("default_hugepagesz=1G hugepages=3", 0, 3)]
    [InlineData("default_hugepagesz=1G hugepagesz=1G hugepages=3", 0, 3)]
    [InlineData("hugepagesz=1073741824 hugepages=2", 0, 2)]
    [InlineData("hugepagesz=0x40000000 hugepages=2", 0, 2)]
    [InlineData("hugepagesz=2048k hugepages=5", 5, 0)]
    public void Pages_GoToTheSizeBeforeThem(string words, ulong middle, ulong gigantic) => Check(words, middle, gigantic);

    [Theory]
    [InlineData("hugepagesz=4M hugepages=9", 0, 0, "unsupported hugepagesz=4M|hugepages=9 does not follow a valid hugepagesz")]
    [InlineData("hugepagesz=4M hugepages=9 hugepages=3", 3, 0, "does not follow")]
    [InlineData("hugepages=3 hugepages=4", 3, 0, "specified twice without interleaving")]
    [InlineData("hugepagesz=2M hugepages=3 hugepagesz=2M hugepages=4", 3, 0, "hugepagesz=2M specified twice|hugepages=4 does not follow")]
    [InlineData("default_hugepagesz=1G default_hugepagesz=2M hugepages=2", 0, 0, "previously specified|does not follow")]
    [InlineData("hugepages=x", 0, 0, "Invalid hugepages parameter x")]
    [InlineData("hugepages=5x", 5, 0, "")]
    [InlineData("hugepages=3 hugepagesz=2M hugepages=4", 3, 0, "Ignoring hugepages=4|Using hugepages=3")]
    public void Words_InTheWrongOrder_AreRefusedByName(string words, ulong middle, ulong gigantic, string messages)
    {
        EmulatedProcess kernel = Check(words, middle, gigantic);
        foreach (string message in messages.Split('|'))
        {
            Assert.Contains(kernel.HugePageMessages, line => line.Contains(message, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("hugepages=0:4", 4)]
    [InlineData("hugepages=0:4,", 4)]
    [InlineData("hugepages=1:4", 0)]
    [InlineData("hugepages=0:4,1:2", 0)]
    [InlineData("hugepages=0:4,7", 0)]
    [InlineData("hugepages=0:", 0)]
    public void NodeForm_TakesTheOneNodeThatThereIs(string words, ulong middle) => Check(words, middle, 0);

    [Fact]
    public void MoreWordsThanTheKernelKeeps_AreNotRead() =>
        Check("hugepages=1 hugepagesz=1G hugepages=1 hugepagesz=1G hugepagesz=1G hugepagesz=2M hugepages=5", 1, 1);

    [Fact]
    public void WordsAfterTheInitProgramsDashes_AreItsOwn() => Check("-- hugepages=3", 0, 0);

    [Fact]
    public void PagesThatDoNotFit_AreTakenAsFarAsTheyGo()
    {
        EmulatedProcess kernel = Check("hugepagesz=1G hugepages=12", 0, 7);
        Assert.Contains("HugeTLB: allocating 12 of page size 1.00 GiB failed.  Only allocated 7 hugepages.", kernel.HugePageMessages);
        Assert.Contains("HugeTLB: registered 1.00 GiB page size, pre-allocated 7 pages", kernel.HugePageMessages);
    }

    [Fact]
    public void TheDefaultSize_IsTheOneNamed()
    {
        using EmulatedMachine machine = Machine("default_hugepagesz=1G hugepages=2");
        EmulatedProcess kernel = machine.Boot();
        Assert.Equal(2UL, kernel.Number("/proc/sys/vm/nr_hugepages"));
        Assert.Contains("Hugepagesize:    1048576 kB", kernel.ReadText("/proc/meminfo"), StringComparison.Ordinal);
        Assert.Contains("HugePages_Total:       2", kernel.ReadText("/proc/meminfo"), StringComparison.Ordinal);
    }

    [Fact]
    public void PlainRelease_HasNoPool()
    {
        using var machine = new EmulatedMachine(new EmulatedMachineOptions { CommandLine = Live + "hugepages=4", MemorySize = 1UL << 30 });
        EmulatedProcess kernel = machine.Boot();
        Assert.Empty(kernel.CountHugePages());
        Assert.Empty(kernel.HugePageMessages);
    }

    private static EmulatedProcess Check(string words, ulong middle, ulong gigantic)
    {
        EmulatedMachine machine = Machine(words);
        EmulatedProcess kernel = machine.Boot();
        Assert.Equal((middle, middle, 0UL, 0UL), kernel.Counts(Middle));
        Assert.Equal((gigantic, gigantic, 0UL, 0UL), kernel.Counts(GiB));
        return kernel;
    }
}

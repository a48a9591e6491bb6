using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests;

/// <summary>Proves that a command line is read, joined and passed on as Linux does.</summary>
public sealed class CommandLineTests
{
    private const string BuiltIn = "quiet kho=on x=\"a \\ b\" liveupdate=on";

    [Theory]
    [InlineData("kho=on liveupdate=on kho=disabled", false, false)]
    [InlineData("kho=enable liveupdate=enabled", true, true)]
    [InlineData("\"liveupdate=on\"", true, true)]
    [InlineData("liveupdate=on x=\"a liveupdate=off b\"", true, true)]
    [InlineData("liveupdate=on x=\u00e0liveupdate=off", true, false)]
    [InlineData("liveupdate=on \"--\" liveupdate=off", true, true)]
    [InlineData("liveupdate=on kho-scratch=5000G,1M,1M", false, false)]
    [InlineData("liveupdate=on kho_scratch=1M,1M,5000G kho_scratch=100%", true, true)]
    [InlineData("", true, false)]
    public void Boot_ReadsTheLineAsLinuxDoes(string commandLine, bool kho, bool device)
    {
        using var machine = new EmulatedMachine(new EmulatedMachineOptions { CommandLine = commandLine });
        EmulatedProcess kernel = machine.Boot();
        Assert.Equal(kho ? 0 : ENOENT, kernel.ReadDirectory("/sys/kernel/debug/kho", out _));
        Assert.Equal(device ? 1 << 30 : ENOENT, kernel.Open("/dev/liveupdate", O_RDWR));
    }

    [Theory]
    [InlineData("kho_scratch=0x400000,010M,1K", "0x400000\n0x800000\n0x400000\n")]
    [InlineData("kho_scratch=100% kho_scratch=200000000000%", "0x800000\n0x2000000\n0x800000\n")]
    [InlineData("kho_scratch=1M,2M,3Mx", "0x1000000\n0x4000000\n0x1000000\n")]
    [InlineData("\"kho_scratch=5M,12M,1G\"", "0x800000\n0xc00000\n0x40000000\n")]
    public void Scratch_IsReadAsLinuxDoes(string words, string lengths)
    {
        using var machine = new EmulatedMachine(new EmulatedMachineOptions { CommandLine = words });
        Assert.Equal(lengths, machine.Boot().ReadText("/sys/kernel/debug/kho/out/scratch_len"));
    }

    [Fact]
    public void BuiltInLine_StandsBeforeTheOneThatIsGiven_AndIsCutWithIt()
    {
        using var machine =
            new EmulatedMachine(new EmulatedMachineOptions { CommandLine = "liveupdate=off", BuiltInCommandLine = BuiltIn });
        EmulatedProcess kernel = machine.Boot();
        Assert.Equal($"{BuiltIn} liveupdate=off", kernel.CommandLine);
        Assert.Equal(ENOENT, kernel.Open("/dev/liveupdate", O_RDWR));
        string given = new('x', 2047 - BuiltIn.Length - 1 - 5);
        kernel = machine.Kexec($"{given} liveupdate=off");
        Assert.Equal($"{BuiltIn} {given} live", kernel.CommandLine);
        Assert.Equal(1 << 30, kernel.Open("/dev/liveupdate", O_RDWR));
    }

    [Fact]
    public void LinePassedOnAsItIs_GrowsUntilItIsRefused()
    {
        using var machine = new EmulatedMachine(new EmulatedMachineOptions { BuiltInCommandLine = BuiltIn });
        EmulatedProcess kernel = machine.Boot();
        int updates = 0;
        while (kernel.Load(commandLine: kernel.CommandLine) == 0)
        {
            Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
            kernel = machine.Boot();
            updates++;
        }

        Assert.Equal(EINVAL, kernel.Load(commandLine: kernel.CommandLine));
        Assert.Equal(2047, kernel.CommandLine.Length);
        Assert.Equal(2047 / (BuiltIn.Length + 1), updates, 1.0);
    }

    [Fact]
    public void LineCarriedOn_StaysTheSameOverTwentyUpdates()
    {
        using var machine = new EmulatedMachine(
            new EmulatedMachineOptions { CommandLine = "root=/dev/vda BOOT_IMAGE=/vmlinuz ro", BuiltInCommandLine = BuiltIn });
        EmulatedProcess kernel = machine.Boot();
        for (int update = 1; update <= 20; update++)
        {
            string line = KernelCommandLine.Reuse(kernel);
            Assert.Equal("liveupdate=on kho=on root=/dev/vda ro", line);
            kernel = machine.Kexec(line);
            Assert.Equal($"{BuiltIn} {line}", kernel.CommandLine);
        }
    }

    [Fact]
    public void LongerLines_ThanALoaderPasses_AreRefused() =>
        Assert.Throws<ArgumentException>(() => new EmulatedMachine(new EmulatedMachineOptions { CommandLine = new string('x', 2048) }));
}

using System.Diagnostics;
using LuoInterop.VmTesting.Machine;
using Xunit;

namespace LuoInterop.VmTesting.Tests;

public sealed class OptionsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("luo-test-").FullName;
    private readonly VmOptions _good;

    public OptionsTests()
    {
        File.WriteAllText(Path.Combine(_folder, "bzImage"), "not a kernel");
        _good = new VmOptions { Kernel = KernelBuild.FromFolder(_folder), Command = ["/bin/true"], WorkingFolder = "/" };
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void GoodOptions_Hold()
    {
        OptionsCheck.Check(_good);
        OptionsCheck.Check(_good with { MemoryImage = Path.Combine(_folder, "memory"), MemoryMiB = 2048 });
        OptionsCheck.Check(_good with { FilesInMemory = [Path.Combine(_folder, "bzImage")] });
        OptionsCheck.Check(_good with { ExpectedKernels = 3, NextKernels = [_good.Kernel, _good.Kernel] });
    }

    [Fact]
    public void BadOptions_AreRefusedByName()
    {
        AssertRefused(_good with { Command = [] }, "Command");
        AssertRefused(_good with { Command = ["a", "b\0c"] }, "Command");
        AssertRefused(_good with { Command = ["a", "b\ud800c"] }, "Command");
        AssertRefused(_good with { Environment = new Dictionary<string, string> { ["A"] = "\udc00" } }, "Environment");
        AssertRefused(_good with { Files = new Dictionary<string, string> { ["a\ud800"] = Path.Combine(_folder, "bzImage") } }, "Files");
        AssertRefused(_good with { WorkingFolder = "/no/such/folder" }, "WorkingFolder");
        AssertRefused(_good with { Environment = new Dictionary<string, string> { ["A=B"] = "" } }, "Environment");
        AssertRefused(_good with { Files = new Dictionary<string, string> { ["a/b"] = Path.Combine(_folder, "bzImage") } }, "Files");
        AssertRefused(_good with { Files = new Dictionary<string, string> { ["a"] = "/no/such/file" } }, "Files");
        AssertRefused(_good with { FilesInMemory = ["bzImage"] }, "FilesInMemory");
        AssertRefused(_good with { FilesInMemory = ["/no/such/file"] }, "FilesInMemory");
        AssertRefused(_good with { FilesInMemory = [.. Enumerable.Repeat("/bin/true", 65)] }, "FilesInMemory");
        AssertRefused(_good with { ShownFolders = ["tmp"] }, "ShownFolders");
        AssertRefused(_good with { MemoryMiB = 16 }, "MemoryMiB");
        AssertRefused(_good with { MemoryImage = "memory" }, "MemoryImage");
        AssertRefused(_good with { MemoryImage = "/no/such/folder/memory" }, "MemoryImage");
        AssertRefused(_good with { MemoryImage = Path.Combine(_folder, "bzImage") }, "MemoryImage");
        AssertRefused(_good with { MemoryImage = Path.Combine(_folder, "memory"), MemoryMiB = 2049 }, "MemoryImage");
        AssertRefused(_good with { Cpus = 0 }, "Cpus");
        AssertRefused(_good with { ExpectedKernels = 0 }, "ExpectedKernels");
        AssertRefused(_good with { NextKernels = [_good.Kernel] }, "NextKernels");
        AssertRefused(_good with { ExpectedKernels = 3, NextKernels = [_good.Kernel] }, "NextKernels");
        AssertRefused(_good with { TimeLimit = TimeSpan.Zero }, "TimeLimit");
        AssertRefused(_good with { KernelTimeLimit = TimeSpan.FromDays(2) }, "KernelTimeLimit");
        AssertRefused(_good with { PowerOffTimeLimit = TimeSpan.Zero }, "PowerOffTimeLimit");
        AssertRefused(_good with { KernelCommandLine = ["luo.stage=2"] }, "KernelCommandLine");
        AssertRefused(_good with { KernelCommandLine = ["two\nlines"] }, "KernelCommandLine");
        AssertRefused(_good with { KernelCommandLine = [new string('x', 2048)] }, "KernelCommandLine");
        AssertRefused(_good with { MaxFileBytes = -1 }, "MaxFileBytes");
        AssertRefused(_good with { CpuModel = "" }, "CpuModel");
        AssertRefused(_good with { Accelerator = (VmAccelerator)9 }, "Accelerator");
    }

    [Fact]
    public async Task MissingQemu_NamesItsPackage()
    {
        VmSetupException e =
            await Assert.ThrowsAsync<VmSetupException>(() => VirtualMachine.RunAsync(_good with { Qemu = "no-such-qemu" }));
        Assert.Contains("apt-get install qemu-system-x86", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/proc")]
    [InlineData("/no/such/folder")]
    public void UnusableTempFolder_IsNamed(string folder)
    {
        VmSetupException e = Assert.Throws<VmSetupException>(() => RunFolder.Create(folder, keep: false));
        Assert.Contains(folder, e.Message, StringComparison.Ordinal);
        Assert.Contains("TempFolder", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TooLongTempFolder_IsNamed()
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder, new string('x', 100))).FullName;
        Assert.Contains(
            "too long", Assert.Throws<VmSetupException>(() => RunFolder.Create(folder, keep: false)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FullDisk_IsNamed()
    {
        string full = Directory.CreateDirectory(Path.Combine(_folder, "full")).FullName;
        File.WriteAllBytes(Path.Combine(_folder, "bzImage"), new byte[4 << 20]);
        ProcessStartInfo start = new("unshare", [Environment.IsPrivilegedProcess ? "-m" : "-rm", "/bin/sh", "-c",
            "mount -t tmpfs -o size=1m tmpfs \"$1\" && dotnet \"$2\" host \"$3\" \"$1\"; s=$?; ls \"$1\"; exit $s", "sh", full,
            KernelFixture.Payload, _folder])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process host = Process.Start(start)!;
        Task<string> output = host.StandardOutput.ReadToEndAsync();
        string error = await host.StandardError.ReadToEndAsync();
        await host.WaitForExitAsync();
        Assert.Equal(3, host.ExitCode);
        Assert.Matches($"^The run's folder {full}/luo-.* cannot be filled: .*No space left on device", error);
        Assert.Equal("", await output);
    }

    [Fact]
    public async Task UnknownSeries_IsARefusalWithTheBuildsWords()
    {
        VmSetupException e = await Assert.ThrowsAsync<VmSetupException>(() => KernelBuild.GetAsync("1.0", cacheFolder: _folder));
        Assert.Contains("no Debian suite is known for this series", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void KernelCommandLine_FollowsTheSwitches()
    {
        Assert.Equal(
            "console=ttyS0 panic=-1 loglevel=5 no_timer_check liveupdate=on luo.stage=1",
            QemuCommand.KernelCommandLine(_good, counterKhz: null));
        Assert.Equal(
            "console=ttyS0 panic=-1 loglevel=5 no_timer_check tsc_early_khz=2596146 tsc=nowatchdog liveupdate=on luo.stage=1",
            QemuCommand.KernelCommandLine(_good, counterKhz: 2596146));
        Assert.Equal(
            "console=ttyS0 panic=-1 loglevel=5 no_timer_check kho=off luo.stage=1 loglevel=7",
            QemuCommand.KernelCommandLine(
                _good with { LiveUpdate = false, KexecHandover = false, KernelCommandLine = ["loglevel=7"] }, counterKhz: null));
    }

    [Fact]
    public void NextCommandLine_HasOneStage()
    {
        Assert.Equal("quiet luo.stage=3", Guest.WithStage("luo.stage=1 quiet luo.stage=2", 3));
        Assert.Equal(1, Guest.StageOf("quiet"));
        Assert.Equal(12, Guest.StageOf("luo.stage=2 quiet luo.stage=12 x"));
        Assert.Throws<InvalidDataException>(() => Guest.StageOf("luo.stage=0"));
        Assert.Throws<InvalidDataException>(() => Guest.StageOf("luo.stage=70000"));
    }

    [Fact]
    public void Guest_OutsideAVm_SaysSo()
    {
        Assert.False(Guest.IsInside);
        Assert.Throws<InvalidOperationException>(Guest.Open);
    }

    [Fact]
    public void ShownFolders_AreThoseThatTmpfsWouldCover()
    {
        string inner = Directory.CreateDirectory(Path.Combine(_folder, "inner")).FullName;
        string app = Path.Combine(inner, "app.dll");
        File.WriteAllText(app, "");
        Assert.Empty(PayloadFile.ShownFolders(_good));
        Assert.Equal([inner], PayloadFile.ShownFolders(_good with { Command = ["dotnet", app] }));
        Assert.Equal([_folder], PayloadFile.ShownFolders(_good with { Command = ["dotnet", app], WorkingFolder = _folder }));
        Assert.Empty(PayloadFile.ShownFolders(_good with { Command = ["/usr/bin/env", "/tmp"], WorkingFolder = "/tmp" }));
    }

    private static void AssertRefused(VmOptions options, string property) =>
        Assert.Contains($"VmOptions.{property}",
            Assert.Throws<ArgumentException>(() => OptionsCheck.Check(options)).Message,
            StringComparison.Ordinal);
}

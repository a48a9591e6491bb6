using LuoInterop.Emulation;
using LuoInterop.KernelImages;

namespace LuoInterop.Tests.Kexec;

/// <summary>Proves what is known of what a running kernel hands over, by debugfs and by its image.</summary>
public sealed class LiveHandoverTests : IDisposable
{
    private readonly EmulatedMachine _machine = new();
    private readonly EmulatedProcess _kernel;

    public LiveHandoverTests() => _kernel = _machine.Boot();

    /// <summary>No image lies where distributions put it: which files are handed over is not known.</summary>
    [Fact]
    public void WithoutAnImage_HandlersAreNotKnown()
    {
        HandedOver live = LiveHandover.ReadWithImage(_kernel);
        Assert.Equal(("debugfs", "kho-v4", null), (live.Source, live.Kho, live.FileHandlers));
        Assert.Equal(["luo-v5"], live.Luo!);
    }

    [Fact]
    public void WithItsImage_HandlersAreKnown()
    {
        HandedOver live = LiveHandover.ReadWithImage(_kernel, Image(_kernel.Release), "/mnt/vmlinuz");
        Assert.Equal(("debugfs and /mnt/vmlinuz", "kho-v4", _kernel.CommandLine), (live.Source, live.Kho, live.CommandLine));
        Assert.Equal(["luo-v5"], live.Luo!);
        Assert.Equal(["memfd-v2"], live.FileHandlers!);
    }

    [Theory]
    [InlineData("7.2.1", "kho-v4", "it has Linux 7.2.1, and 7.3.4-emulated runs.")]
    [InlineData(null, "kho-v4", "it has Linux of unknown release, and 7.3.4-emulated runs.")]
    [InlineData(
        "7.3.4-emulated", "kho-v4", "it is another build, 7.3.4-emulated (a@b) #2 SMP emulated, and #1 SMP emulated runs.", "#2")]
    [InlineData("7.3.4-emulated", "kho-v3", "it has kho-v3, and debugfs shows kho-v4.")]
    [InlineData("7.3.4-emulated", "luo-v5", "it has no KHO, and debugfs shows kho-v4.")]
    public void WithTheImageOfAnotherKernel_IsRefused(
        string? release, string kho, string reason, string build = "#1")
    {
        ArgumentException error = Assert.Throws<ArgumentException>(
            () => LiveHandover.ReadWithImage(_kernel, Image(release, kho, build), "/mnt/vmlinuz"));
        Assert.Equal($"It is not the image of the kernel that runs: {reason} (Parameter 'image')", error.Message);
    }

    public void Dispose() => _machine.Dispose();

    private static KernelImage Image(string? release, string kho = "kho-v4", string build = "#1") => new()
    {
        Format = KernelImageFormat.BzImage,
        KernelFormat = KernelImageFormat.Vmlinux,
        Compression = KernelCompression.Zstd,
        Architecture = KernelArchitecture.X86,
        KernelBytes = 1,
        Version = release is null ? null : $"{release} (a@b) {build} SMP emulated",
        CompatibleTexts = [kho, "luo-v5", "memfd-v2"],
        HasLiveUpdate = true,
    };
}

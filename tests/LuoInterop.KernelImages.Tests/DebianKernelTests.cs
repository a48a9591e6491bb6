using System.Globalization;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.KernelImages.Tests;

/// <summary>Reads kernels that Debian built, and a UKI of them, which <c>eng/debian-kernels.sh</c> downloads.</summary>
[Trait("Category", "Kernels")]
public sealed class DebianKernelTests : IDisposable
{
    private const string On = "kho=on liveupdate=on";
    private static readonly Lazy<string> s_downloaded =
        new(static () => Tool.Run(Path.Combine(Repository.Root, "eng/debian-kernels.sh")).Trim());

    private readonly string _folder = Directory.CreateTempSubdirectory("luo-debian-").FullName;

    /// <summary>Debian builds its kernels without KHO: nothing of it is in the image, and the configuration says the same.</summary>
    [Theory]
    [InlineData("amd64", KernelImageFormat.BzImage, KernelArchitecture.X86)]
    [InlineData("cloud-amd64", KernelImageFormat.BzImage, KernelArchitecture.X86)]
    [InlineData("arm64", KernelImageFormat.Arm64Image, KernelArchitecture.Arm64)]
    public void Image_IsReadAndItsTextsAgreeWithItsConfiguration(string flavour, KernelImageFormat format, KernelArchitecture architecture)
    {
        KernelImage image = Read(flavour);
        Assert.Equal((format, architecture), (image.Format, image.Architecture));
        Assert.EndsWith($"-{flavour}", image.Release, StringComparison.Ordinal);
        Assert.True(image.KernelBytes > 40 << 20, $"{image.KernelBytes} bytes");
        Assert.Null(image.Configuration);
        Assert.True(image.IsSigned is not null);
        KernelConfiguration configuration = KernelConfiguration.Parse(
            File.ReadAllBytes(Path.Combine(s_downloaded.Value, $"{flavour}.config")), "beside")!;
        Assert.True(configuration.IsOf(image.Release!));
        Assert.Equal(configuration.Has("CONFIG_KEXEC_HANDOVER"), image.Kho.Count > 0);
        Assert.Equal(configuration.Has("CONFIG_LIVEUPDATE"), image.Luo.Count > 0);
        NextKernelPrediction prediction = NextKernel.Predict(
            new HandedOver { Source = "a test", Kho = "kho-v4", Luo = ["luo-v5"], FileHandlers = ["memfd-v2"] }, image, On);
        Assert.Equal(image.Kho.Count > 0 ? Consequence.Carried : Consequence.SilentlyDropped, prediction.Components[0].Consequence);
    }

    /// <summary>The stub is systemd's, and objcopy puts the sections in, as its documentation says.</summary>
    [Fact]
    public void Uki_ThatObjcopyMade_IsRead()
    {
        KernelImage kernel = Read("amd64");
        string uki = Path.Combine(_folder, "uki.efi");
        string[] sections =
        [
            Write("osrel", "ID=debian\n"), Write("uname", kernel.Release!), Write("cmdline", $"root=/dev/sda1 {On}\n"),
            Write("initrd", new string('x', 5000)),
        ];
        var words = new List<string>();
        long place = 0x20000000;
        foreach (string path in sections.Append(Path.Combine(s_downloaded.Value, "amd64")))
        {
            string name = path.EndsWith("amd64", StringComparison.Ordinal) ? "linux" : Path.GetFileName(path);
            words.AddRange(["--add-section", $".{name}={path}", "--change-section-vma",
                string.Create(CultureInfo.InvariantCulture, $".{name}=0x{place:x}")]);
            place += (new FileInfo(path).Length + 0xfffff) & ~0xfffffL;
        }

        Tool.Run("objcopy", [.. words, Path.Combine(s_downloaded.Value, "stub"), uki]);
        using FileStream file = File.OpenRead(uki);
        KernelImage image = KernelImage.Read(file);
        Assert.Equal((KernelImageFormat.UnifiedKernelImage, KernelImageFormat.BzImage), (image.Format, image.KernelFormat));
        Assert.Equal((kernel.Version, kernel.KernelBytes, false), (image.Version, image.KernelBytes, image.IsSigned));
        Assert.Equal($"root=/dev/sda1 {On}", image.Unified!.CommandLine);
        Assert.Equal((kernel.Release, 5000L), (image.Unified.Uname, image.Unified.InitrdBytes));
        Assert.Equal(kernel.CompatibleTexts, image.CompatibleTexts);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static KernelImage Read(string flavour)
    {
        using FileStream file = File.OpenRead(Path.Combine(s_downloaded.Value, flavour));
        return KernelImage.Read(file);
    }

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}

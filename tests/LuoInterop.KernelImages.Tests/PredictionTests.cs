using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.KernelImages.Tests;

/// <summary>Holds the rules of what a next kernel takes, one by one.</summary>
public sealed class PredictionTests
{
    private const string On = "kho=on liveupdate=on";
    private const string Linux73 = "kho-v4 luo-v5 memfd-v2 memblock-v1 reserve-mem-v1 liveupdate";
    private const string Linux71 = "kho-v3 luo-v1 luo-session-v2 luo-flb-v1 memfd-v2 liveupdate";
    private const string Linux70 = "kho-v1 luo-v1 luo-session-v2 luo-flb-v1 memfd-v1 liveupdate";
    private const string Linux619 = "kho-v1 luo-v1 luo-session-v2 memfd-v1 liveupdate";

    /// <summary>Gets pairs of kernels, by their texts, and what becomes of kho, luo and the memory file.</summary>
    public static TheoryData<string, string, string, string> Pairs => new()
    {
        { Linux73, Linux73, "7.3.4", "Carried Carried Carried" },
        { Linux71, Linux73, "7.3.4", "SilentlyDropped SilentlyDropped SilentlyDropped" },
        { Linux73, Linux71, "7.1.9", "SilentlyDropped SilentlyDropped SilentlyDropped" },
        { Linux70, Linux71, "7.1.0", "SilentlyDropped SilentlyDropped SilentlyDropped" },
        { Linux619, Linux70, "7.0.1", "Carried PanicAtBoot PanicAtBoot" },
        { Linux70, Linux619, "6.19.2", "Carried Carried Carried" },
        { Linux619, "kho-v1", "6.18.3", "Carried SilentlyDropped SilentlyDropped" },
        { Linux73, "", "6.12.1", "SilentlyDropped SilentlyDropped SilentlyDropped" },
        { Linux73, Linux73.Replace("luo-v5", "luo-v6", StringComparison.Ordinal), "7.4.0", "Carried PanicAtBoot PanicAtBoot" },
        {
            Linux73, Linux73.Replace("kho-v4", "kho-v5", StringComparison.Ordinal), "7.4.0",
            "SilentlyDropped SilentlyDropped SilentlyDropped"
        },
        { Linux73, Linux73.Replace("memfd-v2", "memfd-v3", StringComparison.Ordinal), "7.4.0", "Carried Carried EioAtOpen" },
        { Linux619, Linux619.Replace("memfd-v1", "memfd-v3", StringComparison.Ordinal), "6.19.9", "Carried Carried SilentlyDropped" },
        { Linux73, "kho-v4", "7.3.4", "Carried SilentlyDropped SilentlyDropped" },
    };

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Pair(string from, string to, string release, string expected)
    {
        NextKernelPrediction prediction = NextKernel.Predict(HandedOver.Of(Image(from)), Image(to, release), On);
        string memfd = from.Split(' ').Single(static text => text.StartsWith("memfd-", StringComparison.Ordinal));
        Assert.Equal(expected, string.Join(' ', ((string[])["kho", "luo", memfd]).Select(name => Of(prediction, name))));
        Assert.Equal(expected.Split(' ').Max(Enum.Parse<Consequence>), prediction.Worst);
        Assert.Equal(expected != "Carried Carried Carried", prediction.HasLoss);
        Assert.All(prediction.Components, static component =>
            Assert.True(component.Reason.Length > 0 && component.Evidence.Length > 0 && component.Rule.Length > 0));
    }

    /// <summary>Gets command lines, what the configuration says of KHO's default, and what becomes of kho=, liveupdate= and luo where
    /// LUO's formats differ.</summary>
    [Theory]
    [InlineData("kho=on liveupdate=on", null, "Carried Carried PanicAtBoot")]
    [InlineData("kho=on", null, "Carried SilentlyDropped PanicAtBoot")]
    [InlineData("kho=off liveupdate=on", null, "SilentlyDropped Carried SilentlyDropped")]
    [InlineData("kho=on kho=n liveupdate=1", null, "SilentlyDropped Carried SilentlyDropped")]
    [InlineData("liveupdate=on", null, "Unknown Carried PanicAtBoot")]
    [InlineData("liveupdate=on", true, "Carried Carried PanicAtBoot")]
    [InlineData("liveupdate=on", false, "SilentlyDropped Carried SilentlyDropped")]
    [InlineData("kho=on -- liveupdate=on", true, "Carried SilentlyDropped PanicAtBoot")]
    [InlineData("kho=on liveupdate=on elfcorehdr=0x1000", null, "SilentlyDropped Carried SilentlyDropped")]
    public void Switches(string line, bool? isDefault, string expected)
    {
        KernelConfiguration? configuration = isDefault is { } isOn
            ? Configuration(isOn ? "CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT=y" : "# CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT is not set")
            : null;
        KernelImage next = Image(Linux73.Replace("luo-v5", "luo-v6", StringComparison.Ordinal)) with { Configuration = configuration };
        NextKernelPrediction prediction = NextKernel.Predict(HandedOver.Of(Image(Linux73)), next, line);
        Assert.Equal(expected, string.Join(' ', ((string[])["kho=", "liveupdate=", "luo"]).Select(name => Of(prediction, name))));
    }

    [Fact]
    public void BuiltInCommandLine_IsRead()
    {
        KernelImage next = Image(Linux73) with
        {
            Configuration = Configuration("CONFIG_CMDLINE_BOOL=y\nCONFIG_CMDLINE=\"kho=on liveupdate=on\""),
        };
        Assert.Equal(Consequence.Carried, NextKernel.Predict(HandedOver.Of(Image(Linux73)), next, "quiet").Worst);
        Assert.Equal(
            Consequence.SilentlyDropped, Of(NextKernel.Predict(HandedOver.Of(Image(Linux73)), next, "liveupdate=off"), "liveupdate="));
        next = next with
        {
            Configuration = Configuration("CONFIG_CMDLINE_BOOL=y\nCONFIG_CMDLINE=\"kho=on\"\nCONFIG_CMDLINE_OVERRIDE=y"),
        };
        Assert.Equal(
            Consequence.SilentlyDropped, Of(NextKernel.Predict(HandedOver.Of(Image(Linux73)), next, "liveupdate=on"), "liveupdate="));
    }

    [Fact]
    public void UkisOwnCommandLine_IsTakenWhereNoneIsGiven()
    {
        KernelImage next = KernelImage.Read(PackedKernel.Pe(
            false, (".linux", Bytes(Linux73, "7.3.4")), (".cmdline", "kho=on liveupdate=off"u8.ToArray())));
        HandedOver live = HandedOver.Of(Image(Linux73));
        Assert.Equal(Consequence.SilentlyDropped, Of(NextKernel.Predict(live, next, null), "liveupdate="));
        Assert.Equal(Consequence.Carried, NextKernel.Predict(live, next, On).Worst);
    }

    [Fact]
    public void WhatIsNotKnown_IsUnknown_AndWhatIsLostAllTheSame_IsLost()
    {
        var live = new HandedOver { Source = "nothing" };
        NextKernelPrediction prediction = NextKernel.Predict(live, Image(Linux73), On);
        Assert.Equal((Consequence.Unknown, false), (prediction.Worst, prediction.HasLoss));
        Assert.Equal(Consequence.SilentlyDropped, NextKernel.Predict(live, Image(""), On).Worst);
        Assert.Equal(Consequence.SilentlyDropped, Of(NextKernel.Predict(live, Image("kho-v4"), On), "luo"));
        Assert.Equal(Consequence.EioAtOpen, Of(NextKernel.Predict(live, Image("kho-v4 luo-v5"), On), "memfd"));
    }

    [Fact]
    public void ConfigurationAndImageThatDiffer_AreUnknown()
    {
        KernelImage next = Image("") with
        {
            Configuration = Configuration("CONFIG_KEXEC_HANDOVER=y\nCONFIG_LIVEUPDATE=y\nCONFIG_LIVEUPDATE_MEMFD=y"),
        };
        Assert.Equal(Consequence.Unknown, NextKernel.Predict(HandedOver.Of(Image(Linux73)), next, On).Worst);
        next = Image(Linux73) with { Configuration = Configuration("# CONFIG_KEXEC_HANDOVER is not set") };
        Assert.Equal(Consequence.SilentlyDropped, Of(NextKernel.Predict(HandedOver.Of(Image(Linux73)), next, On), "kho"));
    }

    [Fact]
    public void KernelWithLiveUpdateOff_HandsNothingOfLuoOver()
    {
        HandedOver live = HandedOver.Of(Image(Linux73), "kho=on");
        NextKernelPrediction prediction = NextKernel.Predict(
            live, Image(Linux73.Replace("luo-v5", "luo-v6", StringComparison.Ordinal)), On);
        Assert.Equal(["kho", "kho="], prediction.Components.Select(static component => component.Component));
        Assert.Equal(Consequence.Carried, prediction.Worst);
    }

    [Theory]
    [InlineData("kho=off liveupdate=on", null, true)]
    [InlineData("liveupdate=on", "# CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT is not set", true)]
    [InlineData("kho=on liveupdate=on", "# CONFIG_KEXEC_HANDOVER is not set", true)]
    [InlineData("kho=on liveupdate=on", "# CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT is not set", false)]
    public void KernelWithoutKho_HandsNothingOver(string line, string? configuration, bool isNothing)
    {
        KernelImage image = Image(Linux73) with { Configuration = configuration is null ? null : Configuration(configuration) };
        HandedOver live = HandedOver.Of(image, line);
        Assert.Equal(isNothing, live.IsNothing);
        NextKernelPrediction prediction = NextKernel.Predict(live, Image("kho-v9 luo-v9"), On);
        Assert.Equal(isNothing ? Consequence.Carried : Consequence.SilentlyDropped, prediction.Worst);
    }

    /// <summary>The text of its format is in every kernel that has KHO; a configuration that has it says that the image is not
    /// understood.</summary>
    [Theory]
    [InlineData(null, Consequence.Carried)]
    [InlineData("# CONFIG_KEXEC_HANDOVER is not set", Consequence.Carried)]
    [InlineData("CONFIG_KEXEC_HANDOVER=y", Consequence.Unknown)]
    public void KernelWithoutTheTextOfKho_HandsNothingOver(string? configuration, Consequence expected)
    {
        KernelImage image = Image("none", "6.18.15") with { Configuration = configuration is null ? null : Configuration(configuration) };
        HandedOver live = HandedOver.Of(image, On);
        Assert.Equal(expected == Consequence.Carried, live.IsNothing);
        Assert.Equal(expected, NextKernel.Predict(live, Image(Linux73), On).Worst);
    }

    [Fact]
    public void HandlersAndObjects_OneByOne()
    {
        HandedOver live = HandedOver.Of(Image(Linux73 + " hugetlb-v1 vfio-pci-v1")) with
        {
            SharedObjects = ["hugetlb-v1", "pci"],
        };
        NextKernelPrediction prediction = NextKernel.Predict(live, Image(Linux73), On);
        Assert.Equal(Consequence.Carried, Of(prediction, "memfd-v2"));
        Assert.Equal(Consequence.Unknown, Of(prediction, "vfio-pci-v1"));
        Assert.Equal(Consequence.SilentlyDropped, Of(prediction, "hugetlb-v1"));
        Assert.Equal(Consequence.Unknown, Of(prediction, "pci"));
        Assert.Equal(
            Consequence.Carried, Of(NextKernel.Predict(live, Image(Linux73 + " hugetlb-v1"), On), "hugetlb-v1"));
    }

    [Fact]
    public void VersionsInASection_AreHandlersToo()
    {
        KernelImage next = Image("kho-v4 luo-v5") with { LiveUpdateVersions = [new("memfd-v2", 0, 0, 0)] };
        Assert.Equal(Consequence.Carried, Of(NextKernel.Predict(HandedOver.Of(Image(Linux73)), next, On), "memfd-v2"));
    }

    [Theory]
    [InlineData(0xf, 1, Consequence.Carried)]
    [InlineData(0x2, 0, Consequence.Unknown)]
    [InlineData(0xf, 4, Consequence.Unknown)]
    public void Features_AreComparedBitByBit(ulong supported, ulong required, Consequence expected)
    {
        HandedOver live = HandedOver.Of(Image(Linux73)) with { Features = [new("memfd", 3, 0, 3)] };
        KernelImage next = Image(Linux73) with { LiveUpdateFeatures = [new("memfd", supported, required, 0)] };
        Assert.Equal(expected, Of(NextKernel.Predict(live, next, On), "memfd features"));
    }

    [Theory]
    [InlineData("reserve_mem=4M:4K:pstore", Linux73, Consequence.Carried)]
    [InlineData("reserve_mem=4096K:4096:pstore", Linux73, Consequence.Carried)]
    [InlineData("reserve_mem=8M:4K:pstore", Linux73, Consequence.SilentlyDropped)]
    [InlineData("reserve_mem=4M:8K:pstore", Linux73, Consequence.Unknown)]
    [InlineData("reserve_mem=4M:4K:other", Linux73, Consequence.SilentlyDropped)]
    [InlineData("", Linux73, Consequence.SilentlyDropped)]
    [InlineData("kho=off reserve_mem=4M:4K:pstore", Linux73, Consequence.Unknown)]
    [InlineData("reserve_mem=4M:4K:pstore", "kho-v4 luo-v5 memfd-v2", Consequence.SilentlyDropped)]
    [InlineData("reserve_mem=4M:4K:pstore", "", Consequence.SilentlyDropped)]
    public void ReservedMemory(string line, string texts, Consequence expected)
    {
        HandedOver live = HandedOver.Of(Image(Linux73), $"{On} reserve_mem=4M:4K:pstore");
        Assert.Equal(expected, Of(NextKernel.Predict(live, Image(texts), $"{On} {line}"), "reserve_mem=pstore"));
    }

    [Theory]
    [InlineData("kho_scratch=64M,64M,64M", "kho_scratch", null)]
    [InlineData("kho_scratch=64M,64M,64M", "kho_bootmem", "Write kho_bootmem=")]
    [InlineData("kho_bootmem=64M,64M,64M", "kho_scratch", "Write kho_scratch=")]
    [InlineData("kho_bootmem=64M,64M,64M", "kho_bootmem", null)]
    public void Spelling_IsNamed_AndLosesNothing(string line, string reads, string? advice)
    {
        NextKernelPrediction prediction = NextKernel.Predict(HandedOver.Of(Image(Linux73)), Image($"{Linux73} {reads}"), $"{On} {line}");
        Assert.Equal(Consequence.Carried, prediction.Worst);
        ComponentPrediction? spelling = prediction.Components.SingleOrDefault(component => component.Component == $"{line.Split('=')[0]}=");
        Assert.Equal(advice is null, spelling is null);
        Assert.Contains(advice ?? "", spelling?.Reason ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void DebugFs_TellsFormats()
    {
        HandedOver live = HandedOver.OfDebugFs("\0\0\0\vkho-v4\0\0"u8, [.. "luo-v5\0\0"u8, .. new byte[24]], "kho=on");
        Assert.Equal("kho-v4", live.Kho);
        Assert.Equal(["luo-v5"], live.Luo);
        Assert.Null(live.FileHandlers);
        Assert.Equal([], HandedOver.OfDebugFs("kho-v4\0"u8, null, null).Luo);
        Assert.Null(HandedOver.OfDebugFs("kho-v4\0"u8, [], null).Luo);
        Assert.Null(HandedOver.OfDebugFs("kho-v4\0\0kho-v5\0"u8, [], null).Kho);
    }

    private static Consequence Of(NextKernelPrediction prediction, string component) =>
        prediction.Components.Single(one => one.Component == component).Consequence;

    private static KernelConfiguration Configuration(string text) => KernelConfiguration.Parse(
        System.Text.Encoding.ASCII.GetBytes(text + "\n"), "a test")!;

    private static KernelImage Image(string texts, string release = "7.3.4") => KernelImage.Read(Bytes(texts, release));

    private static byte[] Bytes(string texts, string release) =>
        PackedKernel.BzImage(KernelCompression.Gzip, PackedKernel.Vmlinux(texts.Split(' ')), $"{release} (a@b) #1");
}

using System.Text.Json;
using System.Text.Json.Nodes;
using LuoInterop.KernelImages;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Cli.Tests.CheckNext;

/// <summary>Runs <c>luoctl check-next</c> as a user does, on images that say what a kernel says.</summary>
public sealed class CheckNextCommandTests : IDisposable
{
    private const string On = "kho=on liveupdate=on";
    private readonly string _folder = Directory.CreateTempSubdirectory("luo-check-next-").FullName;

    /// <summary>Gets what the next kernel has, its command line, the exit code and the last line.</summary>
    public static TheoryData<string, string, int, string> Cases => new()
    {
        { "kho-v4 luo-v5 memfd-v2", On, 0, "all is carried" },
        { "kho-v4 luo-v6 memfd-v2", On, 1, "panic at boot: luo, memfd-v2" },
        { "kho-v5 luo-v5 memfd-v2", On, 1, "lost without a word: kho, luo, memfd-v2" },
        { "kho-v4 luo-v5 memfd-v3", On, 1, "all sessions lost, /dev/liveupdate does not open (EIO): memfd-v2" },
        { "kho-v4 luo-v5 memfd-v2", "kho=on", 1, "lost without a word: liveupdate=, memfd-v2" },
        { "kho-v4 luo-v5 memfd-v2", "liveupdate=on", 3, "unknown: kho=, luo, memfd-v2" },
        { "", On, 1, "lost without a word: kho, luo, memfd-v2" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Answer_IsTheLastLine_AndTheExitCode(string texts, string line, int expected, string answer)
    {
        string[] words = [Image("next", texts), "--from", Image("from", "kho-v4 luo-v5 memfd-v2"), "--cmdline", line];
        (int code, string output, string error) = Run(words);
        Assert.Equal(("", expected), (error, code));
        Assert.EndsWith($"\n\n{answer}\n", output, StringComparison.Ordinal);
        Assert.All(output.Split('\n'), row => Assert.True(row.Length <= 80 || row.Contains(_folder, StringComparison.Ordinal), row));

        (code, output, _) = Run([.. words, "--json"]);
        JsonElement root = Schemas.Hold("check-next", output);
        Assert.Equal(expected, code);
        Consequence worst = Enum.Parse<Consequence>(root.GetProperty("worst").GetString()!);
        Assert.Equal(expected, worst switch { Consequence.Carried => 0, Consequence.Unknown => 3, _ => 1 });
    }

    [Fact]
    public void Configuration_IsTheGivenOne_OrTheOneBeside()
    {
        string from = Image("from", "kho-v4 luo-v5 memfd-v2");
        string image = Image("vmlinuz", "kho-v4 luo-v5 memfd-v2");
        string config = Path.Combine(_folder, "given");
        File.WriteAllText(config, "# CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT is not set\n");
        Assert.Equal(1, Run(image, "--from", from, "--cmdline", "liveupdate=on", "--config", config).Code);
        File.WriteAllText(
            Path.Combine(_folder, "config-7.3.4"), "# Linux/x86 7.3.4 Kernel Configuration\nCONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT=y\n");
        Assert.Equal(0, Run(image, "--from", from, "--cmdline", "liveupdate=on").Code);
    }

    [Fact]
    public void Uki_HasItsCommandLineAndProfiles()
    {
        string uki = Path.Combine(_folder, "uki");
        byte[] kernel = Bytes("kho-v4 luo-v5 memfd-v2");
        File.WriteAllBytes(uki, PackedKernel.Pe(
            true,
            (".linux", kernel),
            (".profile", "ID=on"u8.ToArray()),
            (".cmdline", "kho=on liveupdate=on"u8.ToArray()),
            (".profile", "ID=off"u8.ToArray()),
            (".cmdline", "kho=on"u8.ToArray())));
        string from = Image("from", "kho-v4 luo-v5 memfd-v2");
        Assert.Equal(0, Run(uki, "--from", from).Code);
        (int code, string output, _) = Run(uki, "--from", from, "--profile", "1", "--json");
        Assert.Equal(1, code);
        JsonElement root = Schemas.Hold("check-next", output);
        Assert.Equal("kho=on", root.GetProperty("commandLine").GetString());
        JsonElement image = root.GetProperty("image");
        Assert.Equal((1, true), (image.GetProperty("profile").GetInt32(), image.GetProperty("signed").GetBoolean()));
    }

    [Fact]
    public void WhatIsNoKernel_Exits2_AndSaysSo()
    {
        string path = Path.Combine(_folder, "text");
        File.WriteAllText(path, "no kernel at all");
        (int code, string output, string error) = Run(path);
        Assert.Equal((2, ""), (code, output));
        Assert.Equal($"luoctl: {path} cannot be read as a kernel image (NotAKernel): It begins like no kernel image\n", error);
        Assert.Equal(2, Run(Path.Combine(_folder, "missing")).Code);
        Assert.Equal(2, Run().Code);
        Assert.Equal(2, Run(Image("next", ""), "--config", path).Code);
    }

    /// <summary>Against the kernel that runs, whatever it is, the answer is as the schema says.</summary>
    [Fact]
    public void RunningKernel_IsLookedAt()
    {
        (int code, string output, string error) = Run(Image("next", "kho-v4 luo-v5 memfd-v2"), "--cmdline", On, "--json");
        Assert.Equal("", error);
        JsonElement root = Schemas.Hold("check-next", output);
        Consequence worst = Enum.Parse<Consequence>(root.GetProperty("worst").GetString()!);
        Assert.Equal(worst switch { Consequence.Carried => 0, Consequence.Unknown => 3, _ => 1 }, code);
        Assert.NotEqual("", root.GetProperty("handedOver").GetProperty("source").GetString());
    }

    [Fact]
    public void Schema_RefusesOtherDocuments()
    {
        (_, string output, _) = Run(Image("next", "kho-v4"), "--from", Image("from", "kho-v4"), "--json");
        JsonNode document = JsonNode.Parse(output)!;
        document["worst"] = "Fine";
        Schemas.Refuse("check-next", document);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static (int Code, string Output, string Error) Run(params string[] words) => Luoctl.Run(["check-next", .. words]);

    private static byte[] Bytes(string texts) =>
        PackedKernel.BzImage(KernelCompression.Zstd, PackedKernel.Vmlinux(texts.Split(' ')), "7.3.4 (a@b) #1 SMP");

    private string Image(string name, string texts)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, Bytes(texts));
        return path;
    }
}

using System.IO.Compression;
using System.Text;
using LuoInterop.KernelImages;
using LuoInterop.Tests.Availability;

namespace LuoInterop.Tests.Kexec;

/// <summary>Proves that a command line that is carried on stays as long as it is, and means the same.</summary>
public class KernelCommandLineTests
{
    private const string BuiltIn = "loglevel=4 kho=on built.in=\"two words\" liveupdate=on";
    private const string Keys = "kernel.a.single = \"one\"\nkernel.a.list = \"1\", \"2\"\nkernel.a.quoted = \"three words "
        + "here\"\nkernel.a.flag = \"\"\nkernel.a.empty = \"\"\ninit.b = \"yes\"\nftrace.event = \"x\"\n";
    private const string RenderedKeys = "a.single=one a.list=1 a.list=2 a.quoted=\"three words here\" a.flag a.empty= ";

    public static TheoryData<string, string, string> Lines => new()
    {
        // given, config, bootconfig
        { "root=/dev/vda ro", "", "" },
        { "root=/dev/vda ro", Config(BuiltIn), "" },
        { "root=/dev/vda ro -- single", Config(BuiltIn), Keys },
        { "root=/dev/vda ro", "CONFIG_CMDLINE_FROM_BOOTCONFIG=y\n", Keys },
        { "", Config(BuiltIn), "" },
        { "x=\"a  b\"  y", Config("quiet"), "" },
        { "quiet", Config("quiet"), "" },
        { "root=/dev/vda note=\u00e0", Config("quiet"), Keys },
    };

    /// <summary>Boots a kernel 20 times with what it was booted with before.</summary>
    [Theory]
    [MemberData(nameof(Lines))]
    public void Reuse_OverTwentyUpdates_StaysAndMeansTheSame(string given, string config, string bootConfig)
    {
        string cold = Boot(given, config, bootConfig);
        string line = cold;
        string passed = "";
        for (int update = 1; update <= 20; update++)
        {
            string next = KernelCommandLine.Reuse(Kernel(line, config, bootConfig));
            Assert.True(update == 1 || next == passed, $"update {update} passes on '{next}', the one before '{passed}'");
            passed = next;
            line = Boot(passed, config, bootConfig);
        }

        Assert.Equal(LastValues(cold), LastValues(line));
        Assert.Equal(
            KernelParameter.Switch(KernelParameter.Read(cold), "liveupdate"),
            KernelParameter.Switch(KernelParameter.Read(passed), "liveupdate"));
    }

    [Theory]
    [InlineData("root=/dev/vda ro", "", "root=/dev/vda ro")]
    [InlineData("BOOT_IMAGE=/vmlinuz root=/dev/vda", "", "root=/dev/vda")]
    [InlineData("elfcorehdr=0x1000 BOOT_IMAGE=/a root=/dev/vda BOOT_IMAGE=/b ro -- BOOT_IMAGE=/c", "", "root=/dev/vda ro -- BOOT_IMAGE=/c")]
    [InlineData("quiet root=/dev/vda", "quiet", "root=/dev/vda")]
    [InlineData("quiet quiet quiet root=/dev/vda quiet", "quiet", "root=/dev/vda quiet")]
    [InlineData("quieter root=/dev/vda", "quiet", "quieter root=/dev/vda")]
    [InlineData("quiet", "quiet", "")]
    [InlineData("a a b", "quiet", "a a b")]
    [InlineData("kho=on liveupdate=on root=x", "kho=on liveupdate=on", "liveupdate=on kho=on root=x")]
    [InlineData("liveupdate=on liveupdate=off", "liveupdate=on", "liveupdate=off")]
    [InlineData("liveupdate=enable x=\"a", "liveupdate=enable", "liveupdate=on x=\"a")]
    public void Reuse_WithAConfiguration_LeavesOutWhatTheKernelAdded(string line, string builtIn, string expected) =>
        Assert.Equal(expected, KernelCommandLine.Reuse(Kernel(line, Config(builtIn), "")));

    [Fact]
    public void Reuse_OfWhatOverridesEveryLine_LeavesItAsItIs() =>
        Assert.Equal("quiet ro", KernelCommandLine.Reuse(Kernel("quiet ro", Config("quiet ro") + "CONFIG_CMDLINE_OVERRIDE=y\n", "")));

    [Fact]
    public void Reuse_OnArm64_LeavesTheDefaultLineAsItIs() =>
        Assert.Equal("quiet ro", KernelCommandLine.Reuse(Kernel("quiet ro", "CONFIG_CMDLINE=\"quiet\"\n", "")));

    [Theory]
    [InlineData("a b a b c", "a b c")]
    [InlineData("a a a a c", "a c")]
    [InlineData("hugepagesz=1G hugepages=1 hugepagesz=1G hugepages=1 c", "hugepagesz=1G hugepages=1 c")]
    [InlineData("a hugepages=1 hugepagesz=1G hugepages=1 a", "hugepages=1 hugepagesz=1G hugepages=1 a")]
    [InlineData("a=\"x y\" a=\"x y\" c", "a=\"x y\" c")]
    [InlineData("a b c a b", "c a b")]
    [InlineData("c -- c c", "c -- c c")]
    public void Reuse_WithoutAConfiguration_TakesWhatComesAgainOnce(string line, string expected) =>
        Assert.Equal(expected, KernelCommandLine.Reuse(Kernel(line, null, "")));

    [Fact]
    public void Reuse_OfLateKeys_DoesNotSwitchOnWhatTheyCouldNot() =>
        Assert.Equal("ro", KernelCommandLine.Reuse(Kernel("liveupdate=on ro", Config(""), "kernel.liveupdate = \"on\"\n")));

    [Fact]
    public void Reuse_OfEarlyKeys_KeepsWhatTheySwitchedOn() =>
        Assert.Equal(
            "liveupdate=on ro",
            KernelCommandLine.Reuse(Kernel("liveupdate=on ro", "CONFIG_CMDLINE_FROM_BOOTCONFIG=y\n", "kernel.liveupdate = \"on\"\n")));

    /// <summary>Whatever is built in and whatever is given: where nothing is known, one copy too many stays, and no more.</summary>
    [Fact]
    public void Reuse_WithoutAConfiguration_NeverGrows()
    {
        var random = new Random(1);
        for (int round = 0; round < 2000; round++)
        {
            string builtIn = Words(1 + random.Next(6));
            string line = $"{builtIn} {Words(random.Next(8))}".Trim();
            string cold = line;
            int longest = line.Length;
            for (int update = 1; update <= 8; update++)
            {
                string next = KernelCommandLine.Reuse(Kernel(line, null, ""));
                line = $"{builtIn} {next}";
                Assert.True(line.Length <= longest + builtIn.Length + 1, $"'{line}' of '{builtIn}' in update {update}");
                Assert.Equal(LastValues(cold), LastValues(line));
            }
        }

        string Words(int count) => string.Join(' ', Enumerable.Range(0, count).Select(_ => $"{"abc"[random.Next(3)]}={random.Next(2)}"));
    }

    /// <summary>The file is not trusted: what is damaged takes nothing from the line, or whole words of its own.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("kernel")]
    [InlineData("kernel.root = ")]
    [InlineData("kernel.root = \"/dev")]
    [InlineData("kernel.root = \"/dev/vda\", ")]
    [InlineData("# kernel.root = \"/dev/vda\"\n")]
    public void Reuse_WithADamagedBootConfig_KeepsWhatIsNotItsOwn(string bootConfig) =>
        Assert.EndsWith("ro", KernelCommandLine.Reuse(Kernel("root=/dev/vda ro", Config(""), bootConfig)), StringComparison.Ordinal);

    // What setup_arch() and setup_command_line() make of a line.
    private static string Boot(string given, string config, string bootConfig)
    {
        string builtIn = config.Contains("CONFIG_CMDLINE=", StringComparison.Ordinal) ? BuiltInOf(config) + " " : "";
        if (bootConfig.Length == 0)
        {
            return builtIn + given;
        }

        int dashes = given.IndexOf("-- ", StringComparison.Ordinal);
        return RenderedKeys + builtIn + (dashes < 0 ? $"{given} -- b=yes" : $"{given[..dashes]}-- b=yes {given[(dashes + 3)..]}");
    }

    private static string BuiltInOf(string config) =>
        config[(config.IndexOf("CONFIG_CMDLINE=\"", StringComparison.Ordinal) + 16)..config.LastIndexOf('"')]
            .Replace("\\\"", "\"", StringComparison.Ordinal);

    private static string LastValues(string line)
    {
        var last = new SortedDictionary<string, string?>(StringComparer.Ordinal);
        foreach (KernelParameter parameter in KernelParameter.Read(line))
        {
            last[parameter.Name] = parameter.Value;
        }

        return string.Join(' ', last);
    }

    private static string Config(string builtIn) => builtIn.Length == 0
        ? "# CONFIG_CMDLINE_BOOL is not set\n"
        : $"CONFIG_CMDLINE_BOOL=y\nCONFIG_CMDLINE=\"{builtIn.Replace("\"", "\\\"", StringComparison.Ordinal)}\"\n";

    private static ScriptedKernel Kernel(string line, string? config, string bootConfig)
    {
        var files = new Dictionary<string, byte[]>();
        if (config is not null)
        {
            files["/proc/config.gz"] = Gzip("CONFIG_X86_64=y\n" + config);
        }

        if (bootConfig.Length > 0)
        {
            files["/proc/bootconfig"] = Encoding.UTF8.GetBytes(bootConfig);
        }

        return new ScriptedKernel { BootLine = line, Files = files };
    }

    private static byte[] Gzip(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(Encoding.ASCII.GetBytes(text));
        }

        return packed.ToArray();
    }
}

using System.IO.Compression;
using System.Text;

namespace LuoInterop.Tests.Availability;

/// <summary>Proves that each reason for a missing device is told from the others, with advice that fits.</summary>
public class AvailabilityDiagnosisTests
{
    private const string Built = "CONFIG_64BIT=y\nCONFIG_KEXEC_HANDOVER=y\nCONFIG_LIVEUPDATE=y\n";
    private const string NotBuilt = "CONFIG_64BIT=y\n# CONFIG_LIVEUPDATE is not set\nCONFIG_LIVEUPDATE_MEMFD=y\n#CONFIG_LIVEUPDATE=y\n";
    private const string Whole =
        "CONFIG_64BIT=y\n# end of General setup\nCONFIG_KEXEC_FILE=y\n# end of Kernel hacking\n\nCONFIG_IO_URING_ZCRX=y\n";
    private const string PackedConfig = "/proc/config.gz";
    private const string InstalledConfig = "/usr/lib/modules/9.9.9-test/config";
    private const string BuildConfig = "/lib/modules/9.9.9-test/build/.config";
    private const string PlainConfig = "/boot/config-9.9.9-test";

    private static byte[] GZip(string text)
    {
        var packed = new MemoryStream();
        using (var stream = new GZipStream(packed, CompressionLevel.Optimal))
        {
            stream.Write(Encoding.ASCII.GetBytes(text));
        }

        return packed.ToArray();
    }

    private static LiveUpdateAvailability Diagnose(ScriptedKernel kernel)
    {
        Assert.False(LiveUpdateDevice.TryOpen(kernel, out LiveUpdateDevice? device, out LiveUpdateAvailability availability));
        Assert.Null(device);
        Assert.False(availability.IsAvailable);
        Assert.Equal(kernel.Refusal, availability.Errno);
        Assert.NotEmpty(availability.Message);
        Assert.NotEmpty(availability.Advice);
        Assert.Equal(0, kernel.OpenCount);
        return availability;
    }

    private static ScriptedKernel With(string config, string bootLine, string path = PackedConfig) => new()
    {
        BootLine = bootLine,
        Files = { [path] = path == PackedConfig ? GZip(config) : Encoding.ASCII.GetBytes(config) },
    };

    [Theory]
    [InlineData(PackedConfig, NotBuilt)]
    [InlineData(InstalledConfig, NotBuilt)]
    [InlineData(PlainConfig, NotBuilt)]
    [InlineData(BuildConfig, NotBuilt)]
    [InlineData(PackedConfig, Whole)]
    [InlineData(InstalledConfig, Whole)]
    public void Missing_KernelWithoutLiveUpdate_SaysNotBuilt(string path, string config)
    {
        LiveUpdateAvailability availability = Diagnose(With(config, "kho=on liveupdate=on", path));
        Assert.Equal(LiveUpdateUnavailableReason.NotBuilt, availability.Reason);
        Assert.Contains("CONFIG_LIVEUPDATE", availability.Message, StringComparison.Ordinal);
        Assert.Contains("9.9.9-test", availability.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("kho=on")]
    [InlineData("kho=on liveupdate=off")]
    [InlineData("kho=on liveupdate=on liveupdate=0")]
    [InlineData("kho=on liveupdatex=on xliveupdate=on")]
    [InlineData("kho=on -- liveupdate=on")]
    [InlineData("kho=on note=\"a liveupdate=on\"")]
    public void Missing_BootedWithoutLiveUpdate_SaysLiveUpdateOff(string bootLine)
    {
        LiveUpdateAvailability availability = Diagnose(With(Built, bootLine));
        Assert.Equal(LiveUpdateUnavailableReason.LiveUpdateOff, availability.Reason);
        Assert.Contains("liveupdate=on", availability.Advice, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kho=off")]
    [InlineData("liveupdate=on kho=0")]
    [InlineData("liveupdate=on kho=on kho=off")]
    public void Missing_KhoSwitchedOff_SaysKhoOff(string bootLine)
    {
        LiveUpdateAvailability availability = Diagnose(With(Built, bootLine));
        Assert.Equal(LiveUpdateUnavailableReason.KhoOff, availability.Reason);
        Assert.Contains("kho=off", availability.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_KhoSwitchedOffAndConfigUnknown_SaysKhoOff() =>
        Assert.Equal(LiveUpdateUnavailableReason.KhoOff, Diagnose(new ScriptedKernel { BootLine = "kho=off liveupdate=on" }).Reason);

    [Fact]
    public void Missing_AlthoughAllIsOn_SaysKhoIsOffForAnotherReason()
    {
        LiveUpdateAvailability availability = Diagnose(With(Built, "kho=on liveupdate=on"));
        Assert.Equal(LiveUpdateUnavailableReason.KhoOff, availability.Reason);
        Assert.Contains("although liveupdate=on", availability.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_ConfigUnknown_SaysNoDevice()
    {
        LiveUpdateAvailability availability = Diagnose(new ScriptedKernel { BootLine = "quiet" });
        Assert.Equal(LiveUpdateUnavailableReason.NoDevice, availability.Reason);
        Assert.Contains("6.19", availability.Advice, StringComparison.Ordinal);
    }

    /// <summary>Gets what a kernel's configuration may be damaged to: none of it says that live update is not built in.</summary>
    public static TheoryData<string, byte[]> Damaged
    {
        get
        {
            byte[] packed = GZip(Whole);
            byte[] flipped = [.. packed];
            flipped[packed.Length / 2] ^= 0xff;
            byte[] text = Encoding.ASCII.GetBytes(Whole);
            return new TheoryData<string, byte[]>
            {
                { PackedConfig, [] },
                { PackedConfig, "no gzip"u8.ToArray() },
                { PackedConfig, packed[..2] },
                { PackedConfig, packed[..20] },
                { PackedConfig, packed[..(packed.Length / 2)] },
                { PackedConfig, packed[..^8] },
                { PackedConfig, packed[..^1] },
                { PackedConfig, flipped },
                { PackedConfig, GZip("# nothing\n") },
                { PackedConfig, GZip(new string('#', 64 << 20)) },
                { InstalledConfig, [] },
                { InstalledConfig, text[..(text.Length / 2)] },
                { InstalledConfig, [.. text, 0xff] },
                { InstalledConfig, [.. text, 0] },
                { PlainConfig, "live update was built in"u8.ToArray() },
                { BuildConfig, text[..40] },
            };
        }
    }

    [Theory]
    [MemberData(nameof(Damaged))]
    public void Missing_ConfigDamaged_SaysNoDevice(string path, byte[] content)
    {
        var kernel = new ScriptedKernel { Files = { [path] = content } };
        Assert.Equal(LiveUpdateUnavailableReason.NoDevice, Diagnose(kernel).Reason);
    }

    [Fact]
    public void Missing_OneConfigDamaged_TheNextPlaceTells()
    {
        var kernel = new ScriptedKernel
        {
            Files = { [PackedConfig] = GZip(Whole)[..40], [InstalledConfig] = [0xff], [PlainConfig] = Encoding.ASCII.GetBytes(NotBuilt) },
        };
        Assert.Equal(LiveUpdateUnavailableReason.NotBuilt, Diagnose(kernel).Reason);
    }

    [Fact]
    public void Missing_ConfigThatUnpacksToGigabytes_IsGivenUpEarly()
    {
        var packed = new MemoryStream();
        using (var stream = new GZipStream(packed, CompressionLevel.Fastest))
        {
            byte[] zeroes = new byte[1 << 20];
            for (int i = 0; i < 256; i++)
            {
                stream.Write(zeroes);
            }
        }

        var kernel = new ScriptedKernel { Files = { [PackedConfig] = packed.ToArray() } };
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(LiveUpdateUnavailableReason.NoDevice, Diagnose(kernel).Reason);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 24 << 20);
    }

    [Fact]
    public void Missing_PackedConfigIsThere_TheOneInBootIsNotRead()
    {
        ScriptedKernel kernel = With(Built, "");
        kernel.Files[PlainConfig] = Encoding.ASCII.GetBytes(NotBuilt);
        Assert.Equal(LiveUpdateUnavailableReason.LiveUpdateOff, Diagnose(kernel).Reason);
        Assert.DoesNotContain(PlainConfig, kernel.Opened);
    }

    [Theory]
    [InlineData(Errno.ENXIO)]
    [InlineData(Errno.ENODEV)]
    public void Missing_NodeWithoutDriver_IsDiagnosedAlike(Errno errno)
    {
        var kernel = new ScriptedKernel { Refusal = errno, Files = { [PackedConfig] = GZip(NotBuilt) } };
        Assert.Equal(LiveUpdateUnavailableReason.NotBuilt, Diagnose(kernel).Reason);
    }

    [Fact]
    public void Busy_HolderKnown_IsNamedByOpen_AndNotLookedForByTryOpen()
    {
        var kernel = new ScriptedKernel { Refusal = Errno.EBUSY, Holders = "systemd (pid 1)" };
        Assert.Equal(LiveUpdateUnavailableReason.Busy, Diagnose(kernel).Reason);
        Assert.Equal(0, kernel.TimesAskedForHolders);
        Assert.Contains(
            "is held by systemd (pid 1)",
            Assert.Throws<KernelException>(() => LiveUpdateDevice.Open(kernel)).Message,
            StringComparison.Ordinal);
        Assert.Equal(1, kernel.TimesAskedForHolders);
    }

    [Fact]
    public void Busy_HolderUnknown_SaysInUse()
    {
        LiveUpdateAvailability availability = Diagnose(new ScriptedKernel { Refusal = Errno.EBUSY });
        Assert.Equal(LiveUpdateUnavailableReason.Busy, availability.Reason);
        Assert.Contains("is in use; ", availability.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Errno.EACCES, LiveUpdateUnavailableReason.NoPermission)]
    [InlineData(Errno.EPERM, LiveUpdateUnavailableReason.NoPermission)]
    [InlineData(Errno.EIO, LiveUpdateUnavailableReason.IncomingStateUnreadable)]
    [InlineData(Errno.EMFILE, LiveUpdateUnavailableReason.Other)]
    [InlineData(Errno.EISDIR, LiveUpdateUnavailableReason.Other)]
    public void Refused_ByErrno_HasItsReason(Errno errno, LiveUpdateUnavailableReason expected)
    {
        var kernel = new ScriptedKernel { Refusal = errno };
        Assert.Equal(expected, Diagnose(kernel).Reason);
        Assert.Equal([LiveUpdateDevice.DefaultPath], kernel.Opened);
    }

    [Fact]
    public void Open_Refused_ThrowsWithTheWholeDiagnosis()
    {
        ScriptedKernel kernel = With(Built, "kho=on");
        var error = Assert.Throws<KernelException>(() => LiveUpdateDevice.Open(kernel));
        Assert.Equal(Errno.ENOENT, error.Errno);
        LiveUpdateAvailability availability = Diagnose(kernel);
        Assert.Contains(availability.Message, error.Message, StringComparison.Ordinal);
        Assert.Contains(availability.Advice, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TryOpen_OnThisHost_SaysWhyOrOpens()
    {
        bool open = LiveUpdateDevice.TryOpen(Kernel.Linux, out LiveUpdateDevice? device, out LiveUpdateAvailability availability);
        using (device)
        {
            Assert.Equal(open, availability.IsAvailable);
            Assert.Equal(open, device is not null);
            Assert.Equal(open, availability.Errno == Errno.None);
        }
    }

    [Fact]
    public void TryOpen_NullOrEmpty_ThrowsArgumentException()
    {
        Assert.Throws<ArgumentNullException>(static () => LiveUpdateDevice.TryOpen(null!, out _, out _));
        Assert.Throws<ArgumentException>(static () => LiveUpdateDevice.TryOpen(Kernel.Linux, out _, out _, ""));
    }
}

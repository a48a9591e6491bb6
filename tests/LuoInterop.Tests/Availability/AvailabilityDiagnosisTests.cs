using System.IO.Compression;
using System.Text;

namespace LuoInterop.Tests.Availability;

/// <summary>Proves that each reason for a missing device is told from the others, with advice that fits.</summary>
public class AvailabilityDiagnosisTests
{
    private const string Built = "CONFIG_64BIT=y\nCONFIG_KEXEC_HANDOVER=y\nCONFIG_LIVEUPDATE=y\n";
    private const string NotBuilt = "CONFIG_64BIT=y\n# CONFIG_LIVEUPDATE is not set\nCONFIG_LIVEUPDATE_MEMFD=y\n#CONFIG_LIVEUPDATE=y\n";
    private const string PackedConfig = "/proc/config.gz";
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
    [InlineData(PackedConfig)]
    [InlineData(PlainConfig)]
    public void Missing_KernelWithoutLiveUpdate_SaysNotBuilt(string path)
    {
        LiveUpdateAvailability availability = Diagnose(With(NotBuilt, "kho=on liveupdate=on", path));
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

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(20)]
    public void Missing_ConfigDamaged_SaysNoDevice(int length)
    {
        byte[] damaged = GZip(Built)[..length];
        var kernel = new ScriptedKernel { Files = { [PackedConfig] = length == 1 ? "no gzip"u8.ToArray() : damaged } };
        Assert.NotEqual(LiveUpdateUnavailableReason.None, Diagnose(kernel).Reason);
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
        Assert.Contains("is held by systemd (pid 1)", Assert.Throws<LiveUpdateException>(() => LiveUpdateDevice.Open(kernel)).Message, StringComparison.Ordinal);
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
        var error = Assert.Throws<LiveUpdateException>(() => LiveUpdateDevice.Open(kernel));
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

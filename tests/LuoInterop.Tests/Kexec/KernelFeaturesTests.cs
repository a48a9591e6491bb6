using System.Security.Cryptography;
using System.Text;
using LuoInterop.Emulation;
using Microsoft.Win32.SafeHandles;

namespace LuoInterop.Tests.Kexec;

/// <summary>Proves that a kernel which was built without what carries memory is known before the jump,
/// and carries nothing where it is started all the same.</summary>
public sealed class KernelFeaturesTests : IDisposable
{
    private const string Heading = "# Linux/x86 7.3.4 Kernel Configuration\n";
    private const string End = "# end of Kernel hacking\n";
    private const string Built =
        "CONFIG_KEXEC_HANDOVER=y\nCONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT=y\nCONFIG_LIVEUPDATE=y\nCONFIG_LIVEUPDATE_MEMFD=y\n";
    private const string WithoutKho = "# CONFIG_KEXEC_HANDOVER is not set\n";
    private const string WithoutLuo = "CONFIG_KEXEC_HANDOVER=y\n# CONFIG_LIVEUPDATE is not set\n";
    private const string WithoutMemfd = "CONFIG_KEXEC_HANDOVER=y\nCONFIG_LIVEUPDATE=y\n# CONFIG_LIVEUPDATE_MEMFD is not set\n";

    private readonly KexecFiles _files = new();
    private readonly EmulatedMachine _machine = new();

    public KernelFeaturesTests() => _machine.Boot();

    /// <summary>Gets where a configuration may lie as seen from the folder of the image, and what it says is missing.</summary>
    public static TheoryData<string, string, string> Places => new()
    {
        { $"boot/config-{KexecFiles.Release}", WithoutKho, "CONFIG_KEXEC_HANDOVER" },
        { $"boot/config-{KexecFiles.Release}", "CONFIG_64BIT=y\n" + End, "CONFIG_KEXEC_HANDOVER" },
        { $"boot/config-{KexecFiles.Release}", WithoutLuo, "CONFIG_LIVEUPDATE" },
        { $"boot/config-{KexecFiles.Release}", WithoutMemfd, "CONFIG_LIVEUPDATE_MEMFD" },
        { $"usr/lib/modules/{KexecFiles.Release}/config", WithoutKho, "CONFIG_KEXEC_HANDOVER" },
        { $"lib/modules/{KexecFiles.Release}/config", WithoutKho, "CONFIG_KEXEC_HANDOVER" },
        { "boot/config", Heading + WithoutKho, "CONFIG_KEXEC_HANDOVER" },
        { "boot/config", Heading + WithoutLuo, "CONFIG_LIVEUPDATE" },
    };

    [Theory]
    [MemberData(nameof(Places))]
    public void Load_ConfigurationBesideSaysNo_IsRefusedUnlessAskedFor(string place, string configuration, string missing)
    {
        string path = _files.WriteImage();
        string beside = _files.Write(place, configuration);
        AssertIsRefused(path, missing, Path.GetFileName(beside));
    }

    [Theory]
    [InlineData(WithoutKho, "CONFIG_KEXEC_HANDOVER")]
    [InlineData(WithoutLuo, "CONFIG_LIVEUPDATE")]
    [InlineData(WithoutMemfd, "CONFIG_LIVEUPDATE_MEMFD")]
    public void Load_ConfigurationInsideSaysNo_IsRefusedUnlessAskedFor(string configuration, string missing) =>
        AssertIsRefused(_files.WriteImage(configuration), missing, "the configuration in the image");

    [Theory]
    [InlineData("nothing of it", "CONFIG_KEXEC_HANDOVER")]
    [InlineData("\0kho-v4\0kernel/liveupdate/kexec_handover.c", "CONFIG_LIVEUPDATE")]
    public void Load_KernelWithoutTheTextsOfLiveUpdate_IsRefusedUnlessAskedFor(string text, string missing)
    {
        byte[] kernel = [.. RandomNumberGenerator.GetBytes(300_000), .. Encoding.ASCII.GetBytes(text), .. new byte[700_000]];
        AssertIsRefused(_files.Write("boot/vmlinuz", KexecFiles.ImageOf(kernel)), missing, "the texts in the image");
    }

    [Fact]
    public void Load_KernelWithTheTextsOfLiveUpdate_IsLoaded()
    {
        // At every place around the end of a piece that is looked at.
        for (int shift = -32; shift <= 32; shift++)
        {
            byte[] kernel = new byte[(256 << 10) + shift];
            RandomNumberGenerator.Fill(kernel);
            byte[] image = KexecFiles.ImageOf([.. kernel, .. "\0kho-v4\0luo-v5\0memfd-v2\0liveupdate\0"u8]);
            KexecImage.Load(_machine.Kernel, _files.Write("boot/vmlinuz", image), null, KexecFiles.CommandLine);
        }
    }

    /// <summary>Gets what tells nothing of this image.</summary>
    public static TheoryData<string, string> Silent => new()
    {
        { $"boot/config-{KexecFiles.Release}", "" },
        { $"boot/config-{KexecFiles.Release}", "CONFIG_64BIT=y\n" },
        { $"boot/config-{KexecFiles.Release}", WithoutKho + "\0" },
        { $"boot/config-{KexecFiles.Release}", Built },
        { "boot/config-7.3.4-other", WithoutKho },
        { "boot/config", WithoutKho },
        { "boot/config", Heading.Replace("7.3.4", "7.3.40", StringComparison.Ordinal) + WithoutKho },
        { "boot/config", Heading.Replace("7.3.4", "7.3", StringComparison.Ordinal) + WithoutKho },
    };

    [Theory]
    [MemberData(nameof(Silent))]
    public void Load_ConfigurationThatDoesNotSayNo_IsLoadedAndCarries(string place, string configuration)
    {
        string path = _files.WriteImage();
        _files.Write(place, configuration);
        Assert.True(Carries(path, KexecLoadOptions.None));
    }

    [Fact]
    public void Load_KhoOffByDefault_NeedsKhoOn()
    {
        string path =
            _files.WriteImage("CONFIG_KEXEC_HANDOVER=y\n# CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT is not set\nCONFIG_LIVEUPDATE=y\n");
        using var machine = new EmulatedMachine(new EmulatedMachineOptions { CommandLine = "liveupdate=on" });
        EmulatedProcess kernel = machine.Boot();
        var error = Assert.Throws<ArgumentException>(() => KexecImage.Load(kernel, path, null, "liveupdate=on"));
        Assert.Contains("kho=on", error.Message, StringComparison.Ordinal);
        Assert.Throws<EmulatedKexecException>(
            KexecImage.Load(kernel, path, null, "liveupdate=on", KexecLoadOptions.WithoutLiveUpdate).Reboot);
        Assert.False(LiveUpdateDevice.TryOpen(machine.Boot(), out _, out LiveUpdateAvailability why));
        Assert.Equal(LiveUpdateUnavailableReason.KhoOff, why.Reason);
    }

    [Fact]
    public void Load_ImageThatUnpacksToGigabytes_CostsNoMore()
    {
        byte[] image = KexecFiles.ImageOf(new byte[256 << 20]);
        string path = _files.Write("boot/vmlinuz", image);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<ArgumentException>(() => KexecImage.Load(_machine.Kernel, path, null, KexecFiles.CommandLine));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2 << 20);
    }

    [Fact]
    public void Load_DamagedPayload_TellsNothing()
    {
        byte[] image = KexecFiles.ImageOf(RandomNumberGenerator.GetBytes(100_000));
        image[50_000] ^= 0xff;
        KexecImage.Load(_machine.Kernel, _files.Write("boot/vmlinuz", image), null, KexecFiles.CommandLine);
        image[^1] ^= 0xff;
        KexecImage.Load(_machine.Kernel, _files.Write("boot/vmlinuz", image), null, KexecFiles.CommandLine);
    }

    public void Dispose()
    {
        _machine.Dispose();
        _files.Dispose();
    }

    private void AssertIsRefused(string path, string missing, string source)
    {
        var error = Assert.Throws<ArgumentException>(() => KexecImage.Load(_machine.Kernel, path, null, KexecFiles.CommandLine));
        Assert.Equal("kernelPath", error.ParamName);
        Assert.Contains(missing, error.Message, StringComparison.Ordinal);
        Assert.Contains(source, error.Message, StringComparison.Ordinal);
        Assert.False(Carries(path, KexecLoadOptions.WithoutLiveUpdate));
    }

    /// <summary>Jumps into an image, and tells whether a preserved file is there afterwards.</summary>
    private bool Carries(string path, KexecLoadOptions options)
    {
        EmulatedProcess kernel = _machine.Kernel;
        using (LiveUpdateDevice device = LiveUpdateDevice.Open(kernel))
        {
            LiveUpdateSession session = device.CreateSession("kept");
            using Memfd memfd = Memfd.Create(kernel, "kept", 4096);
            session.Preserve(memfd, 1);
            session.HoldUntilKexec();
        }

        Assert.Throws<EmulatedKexecException>(KexecImage.Load(kernel, path, null, KexecFiles.CommandLine, options).Reboot);
        EmulatedProcess next = _machine.Boot();
        Assert.Equal(KexecFiles.Release, next.Release);
        if (!LiveUpdateDevice.TryOpen(next, out LiveUpdateDevice? incoming, out LiveUpdateAvailability why))
        {
            Assert.Contains(
                why.Reason,
                (LiveUpdateUnavailableReason[])[LiveUpdateUnavailableReason.NotBuilt, LiveUpdateUnavailableReason.IncomingStateUnreadable]);
            return false;
        }

        using (incoming)
        {
            using LiveUpdateSession session = incoming.RetrieveSession("kept");
            using Memfd memfd = session.RetrieveMemfd(1);
            session.Finish();
            return memfd.Size == 4096;
        }
    }
}

using System.Globalization;
using System.Runtime.InteropServices;
using LuoInterop.Emulation;
using LuoInterop.Interop;
using LuoInterop.Tests.Support;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace LuoInterop.Tests.Kexec;

/// <summary>Proves that the jump is into what was checked: what other programs do to the loaded image is noticed.</summary>
public sealed class ReplacedImageTests : IDisposable
{
    private readonly EmulatedMachine _machine = new();
    private readonly KexecFiles _files = new();
    private readonly EmulatedProcess _kernel;
    private readonly string _image;

    public ReplacedImageTests()
    {
        _kernel = _machine.Boot();
        _image = _files.WriteImage();
    }

    /// <summary>What another program may do; each must be noticed.</summary>
    public static TheoryData<string> Others => ["kexec_file_load", "kexec_load", "failed kexec_file_load", "unload", "lower limit"];

    [Theory]
    [MemberData(nameof(Others))]
    public void Reboot_AfterAnotherProgram_IsRefusedAndNothingIsLost(string other)
    {
        LiveUpdateSession session = Preserve();
        KexecImage image = Load();
        Assert.Equal(false, image.IsReplaced);
        DoAsAnotherProgram(other);
        Assert.Equal(true, image.IsReplaced);
        var error = Assert.Throws<KernelException>(image.Reboot);
        Assert.Equal(("reboot(KEXEC)", other == "unload" ? Errno.EINVAL : Errno.ESTALE), (error.Operation, error.Errno));
        Assert.Contains("load again", error.Message, StringComparison.Ordinal);
        Assert.False(_kernel.HasEnded);
        Assert.Equal("kept", session.Name);

        image = Load();
        Assert.Equal(false, image.IsReplaced);
        Assert.Throws<EmulatedKexecException>(image.Reboot);
        Assert.True(HasArrived());
    }

    [Fact]
    public void Reboot_IntoTheKexecLoadImageOfAnotherProgram_WhenAskedFor_LosesAll()
    {
        Preserve();
        KexecImage image = Load();
        DoAsAnotherProgram("kexec_load");
        Assert.Throws<EmulatedKexecException>(() => image.Reboot(KexecRebootOptions.ReplacedImage));
        Assert.False(HasArrived());
    }

    [Fact]
    public void TakeLoaded_NothingLoaded_IsRefused() =>
        Assert.Equal(Errno.EINVAL, Assert.Throws<KernelException>(() => KexecImage.TakeLoaded(_kernel)).Errno);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void TakeLoaded_JumpsOnlyWhenToldThatItCarries_WhateverItIs(bool carries)
    {
        Preserve();
        if (carries)
        {
            Load();
        }
        else
        {
            DoAsAnotherProgram("kexec_load");
        }

        KexecImage image = KexecImage.TakeLoaded(_kernel);
        Assert.True(image.IsLoadedElsewhere);
        Assert.Equal((null, null, false), (image.KernelPath, image.CommandLine, image.IsReplaced));
        foreach (KexecRebootOptions options in (KexecRebootOptions[])[KexecRebootOptions.None, KexecRebootOptions.ReplacedImage])
        {
            var error = Assert.Throws<KernelException>(() => image.Reboot(options));
            Assert.Equal(Errno.ESTALE, error.Errno);
            Assert.Contains("kexec_load", error.Message, StringComparison.Ordinal);
        }

        Assert.False(_kernel.HasEnded);
        Assert.Throws<EmulatedKexecException>(() => image.Reboot(KexecRebootOptions.LoadedElsewhere));
        Assert.Equal(carries, HasArrived());
    }

    [Fact]
    public void TakeLoaded_ReplacedAfterwards_IsRefusedAlsoWhenTold()
    {
        Preserve();
        DoAsAnotherProgram("kexec_file_load");
        KexecImage image = KexecImage.TakeLoaded(_kernel);
        DoAsAnotherProgram("kexec_load");
        Assert.Equal(true, image.IsReplaced);
        Assert.Equal(Errno.ESTALE, Assert.Throws<KernelException>(() => image.Reboot(KexecRebootOptions.LoadedElsewhere)).Errno);
        Assert.False(_kernel.HasEnded);
    }

    [Fact]
    public void Reboot_OfTheFirstOfTwoImagesOfOneProgram_IsRefused()
    {
        KexecImage first = Load();
        KexecImage second = Load();
        Assert.Equal(Errno.ESTALE, Assert.Throws<KernelException>(first.Reboot).Errno);
        Assert.Throws<EmulatedKexecException>(second.Reboot);
    }

    [Fact]
    public void Load_WithoutALimit_SetsTheHighestOnce()
    {
        Assert.Equal(-1, Limit());
        Load();
        Assert.Equal(int.MaxValue - 1, Limit());
        Load();
        Assert.Equal(int.MaxValue - 2, Limit());
    }

    [Fact]
    public void Load_UnderTheLimitOfAnAdministrator_UsesItAndSaysWhenItIsUsedUp()
    {
        SetLimit(_kernel, 2);
        Load();
        Assert.Equal(1, Limit());
        KexecImage last = Load();
        Assert.Equal(false, last.IsReplaced);
        var error = Assert.Throws<KernelException>(Load);
        Assert.Equal(Errno.EPERM, error.Errno);
        Assert.Contains(KexecLoadLimit.Path, error.Message, StringComparison.Ordinal);
        Assert.Equal(false, last.IsReplaced);
        Assert.Throws<EmulatedKexecException>(last.Reboot);
    }

    [Fact]
    public void Load_WhereImagesAreForbidden_SaysSo()
    {
        Write(_kernel, "/proc/sys/kernel/kexec_load_disabled", 1);
        Assert.Contains("kexec_load_disabled", Assert.Throws<KernelException>(Load).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Errno.EROFS, false)]
    [InlineData(Errno.EACCES, false)]
    [InlineData(Errno.ENOENT, true)]
    public void Reboot_WhereLoadsCannotBeCounted_IsNotKnownAndGoesOn(Errno refusal, bool alsoReading)
    {
        var kernel = new WithoutSysctl(_kernel, refusal, alsoReading);
        var image = KexecImage.Load(kernel, _image, null, KexecFiles.CommandLine);
        Assert.Null(image.IsReplaced);
        DoAsAnotherProgram("kexec_file_load");
        Assert.Null(image.IsReplaced);
        Assert.Throws<EmulatedKexecException>(image.Reboot);
    }

    [Fact]
    public void Reboot_WhereLoadsCannotBeCountedAndNothingIsLoaded_IsRefused()
    {
        var image = KexecImage.Load(new WithoutSysctl(_kernel, Errno.EROFS, true), _image, null, KexecFiles.CommandLine);
        DoAsAnotherProgram("unload");
        Assert.Equal(Errno.EINVAL, Assert.Throws<KernelException>(image.Reboot).Errno);
    }

    public void Dispose()
    {
        _machine.Dispose();
        _files.Dispose();
    }

    private KexecImage Load() => KexecImage.Load(_kernel, _image, null, KexecFiles.CommandLine);

    private LiveUpdateSession Preserve()
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(_kernel);
        LiveUpdateSession session = device.CreateSession("kept");
        using Memfd memfd = Memfd.Create(_kernel, "kept", 4096);
        session.Preserve(memfd, 1);
        session.HoldUntilKexec();
        return session;
    }

    private bool HasArrived()
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(_machine.Boot());
        bool hasArrived = device.TryRetrieveSession("kept", out LiveUpdateSession? session);
        session?.Finish();
        session?.Dispose();
        return hasArrived;
    }

    private void DoAsAnotherProgram(string what)
    {
        EmulatedProcess other = _kernel.StartProcess();
        using SafeFileHandle image = File.OpenHandle(_image);
        switch (what)
        {
            case "kexec_file_load":
                Assert.Equal(0, other.KexecFileLoad(image, null, "", KexecHeader.KEXEC_FILE_NO_INITRAMFS));
                break;
            case "kexec_load":
                Assert.Equal(0, other.KexecLoad(image, KexecFiles.CommandLine));
                break;
            case "failed kexec_file_load":
                Assert.Equal(-(int)Errno.EBADF, other.KexecFileLoad(null, null, "", 0));
                break;
            case "unload":
                Assert.Equal(0, other.KexecFileLoad(null, null, "", KexecHeader.KEXEC_FILE_UNLOAD));
                break;
            default:
                SetLimit(other, 10);
                break;
        }
    }

    private int Limit() => int.Parse(System.Text.Encoding.ASCII.GetString(ReadLimit()), CultureInfo.InvariantCulture);

    private byte[] ReadLimit()
    {
        Assert.Equal(0, KernelFile.Read(_kernel, KexecLoadLimit.Path, 64, out byte[] text));
        return text;
    }

    private static void SetLimit(EmulatedProcess kernel, int value) => Write(kernel, KexecLoadLimit.Path, value);

    private static void Write(EmulatedProcess kernel, string path, int value)
    {
        byte[] text = System.Text.Encoding.ASCII.GetBytes(value.ToString(CultureInfo.InvariantCulture) + "\n");
        using var file = new KernelHandle(kernel);
        Assert.True(file.Take(kernel.Open(path, LibC.O_WRONLY | LibC.O_CLOEXEC)) >= 0);
        Assert.Equal(text.Length, kernel.Write(file, text));
    }

    /// <summary>Shows no sysctl, or lets none be written, as in a container.</summary>
    private sealed class WithoutSysctl(EmulatedProcess kernel, Errno refusal, bool alsoReading) : ForwardingKernel(kernel)
    {
        public override int Open(string path, int flags, uint mode = 0) =>
            path == KexecLoadLimit.Path && (alsoReading || (flags & LibC.O_ACCMODE) != LibC.O_RDONLY)
                ? -(int)refusal
                : base.Open(path, flags, mode);
    }
}

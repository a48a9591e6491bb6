using System.Text;
using LuoInterop.Emulation;
using LuoInterop.Interop;
using Microsoft.Win32.SafeHandles;

namespace LuoInterop.Tests.Kexec;

/// <summary>Proves that a file which is no whole kernel is refused with words that say what it is.</summary>
public sealed class KernelImageTests : IDisposable
{
    private readonly KexecFiles _files = new();
    private readonly EmulatedMachine _machine = new();

    /// <summary>Gets files that people take for a kernel, and the word that says what they are.</summary>
    public static TheoryData<string, byte[], Errno> NoKernels => new()
    {
        { "is empty", [], Errno.EINVAL },
        { "unified kernel image (UKI)", Pe(".text", ".osrel", ".linux", ".initrd"), Errno.ENOEXEC },
        { "EFI program without a kernel", Pe(".text", ".linuxx"), Errno.ENOEXEC },
        { "compressed kernel for EFI", [.. "MZ\0\0zimg"u8, .. new byte[2000]], Errno.ENOEXEC },
        { "for arm64", Arm64(), Errno.ENOEXEC },
        { "ELF file", [0x7f, .. "ELF"u8, .. new byte[2000]], Errno.ENOEXEC },
        { "compressed as a whole", [0x1f, 0x8b, 8, .. new byte[2000]], Errno.ENOEXEC },
        { "compressed as a whole", [0x28, 0xb5, 0x2f, 0xfd, .. new byte[2000]], Errno.ENOEXEC },
        { "no header of a kernel", Encoding.ASCII.GetBytes(new string('x', 5000)), Errno.ENOEXEC },
        { "no header of a kernel", [1], Errno.ENOEXEC },
        { "EFI program without a kernel", [.. "MZ"u8, .. new byte[58], 0xff, 0xff, 0xff, 0xff], Errno.ENOEXEC },
        { "EFI program without a kernel", [.. "MZ"u8], Errno.ENOEXEC },
    };

    [Theory]
    [MemberData(nameof(NoKernels))]
    public void Load_FileThatIsNoKernel_SaysWhatItIs(string word, byte[] content, Errno errno)
    {
        string path = _files.Write("boot/vmlinuz", content);
        var error = Assert.Throws<KernelException>(() => KexecImage.Load(_machine.Boot(), path, null, KexecFiles.CommandLine));
        Assert.Equal(errno, error.Errno);
        Assert.Contains(word, error.Message, StringComparison.Ordinal);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_EmptyInitrd_SaysSo()
    {
        string image = _files.WriteImage();
        var error = Assert.Throws<KernelException>(
            () => KexecImage.Load(_machine.Boot(), image, _files.Write("initrd", ""), KexecFiles.CommandLine));
        Assert.Equal(Errno.EINVAL, error.Errno);
        Assert.Contains("RAM disk is empty", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(17)]
    [InlineData(5000)]
    public void Load_ImageWithoutItsEnd_IsRefusedBeforeTheKernelIsAsked(int cut)
    {
        EmulatedProcess kernel = _machine.Boot();
        byte[] image = KexecFiles.ImageOf(System.Security.Cryptography.RandomNumberGenerator.GetBytes(10_000), cut);
        string path = _files.Write("boot/vmlinuz", image);
        var error = Assert.Throws<KernelException>(() =>
            KexecImage.Load(kernel, path, null, KexecFiles.CommandLine, KexecLoadOptions.WithoutLiveUpdate));
        Assert.Equal(Errno.ENOEXEC, error.Errno);
        Assert.Contains($"promises {image.Length + cut} bytes", error.Message, StringComparison.Ordinal);
        Assert.Contains($"has {image.Length}.", error.Message, StringComparison.Ordinal);
        Assert.Equal(false, KexecImage.IsLoaded(kernel));
    }

    [Fact]
    public void KexecFileLoad_ImageWithoutItsEnd_IsLoadedAndStartsNothing()
    {
        EmulatedProcess kernel = _machine.Boot();
        string path = _files.Write("boot/vmlinuz", KexecFiles.ImageOf(new byte[10_000], cut: 20));
        using (SafeFileHandle image = File.OpenHandle(path))
        {
            Assert.Equal(0, kernel.KexecFileLoad(image, null, KexecFiles.CommandLine, KexecHeader.KEXEC_FILE_NO_INITRAMFS));
        }

        var end = Assert.Throws<EmulatedRebootException>(() => kernel.Reboot(RebootHeader.LINUX_REBOOT_CMD_KEXEC));
        Assert.Contains("no kernel started", end.Message, StringComparison.Ordinal);
        Assert.Equal("7.3.4-emulated", _machine.Boot().Release);
    }

    [Fact]
    public void Load_ImageWithASignatureBehindIt_IsLoaded() =>
        KexecImage.Load(
            _machine.Boot(), _files.Write("boot/vmlinuz", [.. KexecFiles.Image(), .. new byte[1480]]), null, KexecFiles.CommandLine);

    /// <summary>Gets what a kernel that wants signatures answers, and the word that says what to do.</summary>
    public static TheoryData<Errno, string> Signatures => new()
    {
        { Errno.ENODATA, "not signed" },
        { Errno.ENOKEY, "enroll the key" },
        { Errno.EKEYREJECTED, "newer image" },
        { Errno.EKEYEXPIRED, "expired" },
        { Errno.EKEYREVOKED, "revoked" },
        { Errno.ENOPKG, "algorithm" },
        { Errno.EBADMSG, "Copy or sign" },
        { Errno.ELIBBAD, "PE header" },
        { Errno.EACCES, "policy" },
        { Errno.EPERM, "lockdown" },
    };

    [Theory]
    [MemberData(nameof(Signatures))]
    public void Load_RefusedForItsSignature_SaysWhatToDo(Errno errno, string word)
    {
        EmulatedProcess kernel = _machine.Boot();
        _machine.Faults.FailCall(KernelCall.KexecFileLoad, errno);
        var error = Assert.Throws<KernelException>(() => KexecImage.Load(kernel, _files.WriteImage(), null, KexecFiles.CommandLine));
        Assert.Equal(errno, error.Errno);
        Assert.Contains($"refused with {errno}", error.Message, StringComparison.Ordinal);
        Assert.Contains(word, error.Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _machine.Dispose();
        _files.Dispose();
    }

    // A PE file with the DOS header of 64 bytes, and an optional header of 16 bytes.
    private static byte[] Pe(params string[] sections)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write("MZ"u8);
        writer.Write(new byte[58]);
        writer.Write(0x80);
        writer.Write(new byte[64]);
        writer.Write("PE\0\0"u8);
        writer.Write((ushort)0x8664);
        writer.Write((ushort)sections.Length);
        writer.Write(new byte[12]);
        writer.Write((ushort)16);
        writer.Write((ushort)0);
        writer.Write(new byte[16]);
        foreach (string section in sections)
        {
            writer.Write(Encoding.ASCII.GetBytes(section.PadRight(8, '\0')));
            writer.Write(new byte[32]);
        }

        writer.Write(new byte[2000]);
        return stream.ToArray();
    }

    private static byte[] Arm64()
    {
        byte[] image = new byte[4096];
        "ARM\x64"u8.CopyTo(image.AsSpan(0x38));
        return image;
    }
}

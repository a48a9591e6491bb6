using System.Runtime.InteropServices;
using LuoInterop.Emulation;
using LuoInterop.Interop;
using LuoInterop.Tests.Support;

namespace LuoInterop.Tests.Kexec;

/// <summary>Proves that several initial RAM disks reach the kernel as one, in order, each where an archive may begin.</summary>
public sealed class InitrdListTests : IDisposable
{
    private readonly KexecFiles _files = new();
    private readonly EmulatedMachine _machine = new();

    [Fact]
    public void Load_SeveralInitrds_AreOneFileInOrderAtMultiplesOfFour()
    {
        var kernel = new InitrdKernel(_machine.Boot());
        byte[] large = new byte[(1 << 20) + 3];
        Array.Fill(large, (byte)'L');
        string[] paths =
            [_files.Write("microcode", "12345"), _files.Write("empty", ""), _files.Write("large", large), _files.Write("last", "abc")];
        KexecImage image = KexecImage.Load(kernel, _files.WriteImage(), paths, KexecFiles.CommandLine);
        Assert.Equal([.. "12345\0\0\0"u8, .. large, 0, .. "abc"u8], kernel.Initrd);
        Assert.Equal(
            FcntlHeader.F_SEAL_SEAL | FcntlHeader.F_SEAL_SHRINK | FcntlHeader.F_SEAL_GROW | FcntlHeader.F_SEAL_WRITE,
            kernel.Seals & ~FcntlHeader.F_SEAL_EXEC);
        Assert.Equal(paths, image.InitrdPaths);
        Assert.Throws<EmulatedKexecException>(image.Reboot);
    }

    [Fact]
    public void Load_OneInitrdInAList_IsTheFileItself()
    {
        var kernel = new InitrdKernel(_machine.Boot());
        KexecImage.Load(kernel, _files.WriteImage(), [_files.Write("initrd", "12345")], KexecFiles.CommandLine);
        Assert.Equal("12345"u8.ToArray(), kernel.Initrd);
        Assert.True(kernel.Seals < 0);
    }

    [Fact]
    public void Load_NoInitrdInAList_IsNone()
    {
        var kernel = new InitrdKernel(_machine.Boot());
        KexecImage.Load(kernel, _files.WriteImage(), (IReadOnlyList<string>)[], KexecFiles.CommandLine);
        Assert.Null(kernel.Initrd);
    }

    [Theory]
    [InlineData("/no/such/initrd", Errno.ENOENT, "open")]
    [InlineData("/proc", Errno.EISDIR, "read")]
    public void Load_OneOfSeveralCannotBeRead_NamesIt(string path, Errno errno, string operation)
    {
        var error = Assert.Throws<KernelException>(
            () => KexecImage.Load(_machine.Boot(), _files.WriteImage(), [_files.Write("first", "1"), path], KexecFiles.CommandLine));
        Assert.Equal((errno, operation), (error.Errno, error.Operation));
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _machine.Dispose();
        _files.Dispose();
    }

    /// <summary>Keeps what it was given as the initial RAM disk.</summary>
    private sealed class InitrdKernel(EmulatedProcess kernel) : ForwardingKernel(kernel)
    {
        public byte[]? Initrd { get; private set; }

        public int Seals { get; private set; }

        public override int KexecFileLoad(SafeHandle? kernel, SafeHandle? initrd, string commandLine, uint flags)
        {
            if (initrd is not null)
            {
                Assert.Equal(0, FStat(initrd, out FileStatus status));
                Initrd = new byte[status.Size];
                Assert.Equal(Initrd.Length, KernelFile.ReadAt(this, initrd, Initrd, 0));
                Seals = Fcntl(initrd, FcntlHeader.F_GET_SEALS);
            }

            return base.KexecFileLoad(kernel, initrd, commandLine, flags);
        }
    }
}

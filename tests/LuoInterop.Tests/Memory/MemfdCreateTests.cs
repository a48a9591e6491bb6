using LuoInterop.Interop;
using LuoInterop.Tests.Support;
using Tmds.Linux;

namespace LuoInterop.Tests.Memory;

/// <summary>Proves on the host's kernel which memfd each way of creating one gives.</summary>
public class MemfdCreateTests
{
    private const uint Permissions = 0xFFF;
    private const uint ExecutableMode = 0x1FF;
    private const uint PlainMode = 0x1B6;

    private static readonly Kernel Host = Kernel.Linux;

    [Fact]
    public void Create_ByDefault_IsSealableAndExecutable()
    {
        using Memfd file = Memfd.Create(Host, "default", 5000);
        Assert.Equal(MemfdSeals.None, file.Seals);
        Assert.Equal(ExecutableMode, file.Status.Mode & Permissions);
        Assert.Equal(5000, file.Size);
        Assert.Equal(0u, file.Status.Links);
        Assert.Equal(MagicHeader.TMPFS_MAGIC, file.Status.FileSystemType);
        Assert.Same(Host, file.Kernel);
    }

    [Fact]
    public void Create_WithoutSealing_IsSealedAgainstSeals()
    {
        using Memfd file = Memfd.Create(Host, "unsealable", 0, new MemfdOptions { AllowSealing = false });
        Assert.Equal(MemfdSeals.Seal, file.Seals);
        var error = Assert.Throws<KernelException>(() => file.AddSeals(MemfdSeals.Grow));
        Assert.Equal((Errno.EPERM, "F_ADD_SEALS"), (error.Errno, error.Operation));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Create_SealedAgainstExecution_HasTheExecSealAndNoExecuteBits(bool allowSealing)
    {
        using Memfd file =
            Memfd.Create(Host, "noexec", 0, new MemfdOptions { AllowSealing = allowSealing, Executable = MemfdExecutable.Sealed });

        // MFD_NOEXEC_SEAL implies MFD_ALLOW_SEALING.
        Assert.Equal(MemfdSeals.Exec, file.Seals);
        Assert.Equal(PlainMode, file.Status.Mode & Permissions);
    }

    [Fact]
    public void Create_SystemDefault_IsWhatTheSysctlSays()
    {
        using Memfd file = Memfd.Create(Host, "system", 0, new MemfdOptions { Executable = MemfdExecutable.SystemDefault });
        bool executable = Support.Host.MemfdNoExec == 0;
        Assert.Equal(executable ? MemfdSeals.None : MemfdSeals.Exec, file.Seals);
        Assert.Equal(executable ? ExecutableMode : PlainMode, file.Status.Mode & Permissions);
    }

    [Fact]
    public void Create_Always_ClosesOnExec()
    {
        using Memfd file = Memfd.Create(Host, "cloexec");
        Assert.Equal(LibC.FD_CLOEXEC, Host.Fcntl(file.Handle, FcntlHeader.F_GETFD));
    }

    [Fact]
    public void LinkText_OfNamedFile_ShowsTheName()
    {
        using Memfd file = Memfd.Create(Host, "guest ram");
        Assert.Equal("/memfd:guest ram (deleted)", file.LinkText);
    }

    [Fact]
    public void Create_NameAtTheLimit_IsTakenAndOneMoreRefused()
    {
        using (Memfd file = Memfd.Create(Host, new string('n', 249)))
        {
            Assert.Equal(0, file.Size);
        }

        var error = Assert.Throws<KernelException>(static () => Memfd.Create(Host, new string('n', 250)));
        Assert.Equal(Errno.EINVAL, error.Errno);
        Assert.Contains("249", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_NegativeSize_ThrowsBeforeTheCall()
    {
        var kernel = new OldKernel();
        Assert.Throws<ArgumentOutOfRangeException>(() => Memfd.Create(kernel, "negative", -1));
        Assert.Throws<ArgumentNullException>(() => Memfd.Create(kernel, null!));
        Assert.Empty(kernel.Flags);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-4096)]
    [InlineData(3 << 20)]
    public void Create_HugePageSizeThatIsNone_ThrowsBeforeTheCall(long size) =>
        Assert.Throws<ArgumentException>(() => Memfd.Create(Host, "huge", 0, new MemfdOptions { HugePageSize = size }));

    [Fact]
    public void Create_BeforeTheExecFlagWasKnown_TriesWithoutIt()
    {
        var kernel = new OldKernel();
        using Memfd file = Memfd.Create(kernel, "old");
        Assert.Equal(
            [LibC.MFD_CLOEXEC | LibC.MFD_ALLOW_SEALING | MemfdHeader.MFD_EXEC, LibC.MFD_CLOEXEC | LibC.MFD_ALLOW_SEALING], kernel.Flags);
    }

    [Fact]
    public void Create_SizeRefused_ClosesTheFile()
    {
        var kernel = new SizelessKernel();
        var error = Assert.Throws<KernelException>(() => Memfd.Create(kernel, "big", 4096));
        Assert.Equal((Errno.EFBIG, "ftruncate"), (error.Errno, error.Operation));
        Assert.True(kernel.Created?.IsClosed);
    }

    /// <summary>Behaves as Linux before 6.3, which knows neither MFD_EXEC nor MFD_NOEXEC_SEAL.</summary>
    private sealed class OldKernel : ScriptedHost
    {
        public List<uint> Flags { get; } = [];

        public override int MemfdCreate(string name, uint flags)
        {
            Flags.Add(flags);
            return (flags & (MemfdHeader.MFD_EXEC | MemfdHeader.MFD_NOEXEC_SEAL)) != 0 ? -(int)Errno.EINVAL : base.MemfdCreate(name, flags);
        }
    }

    private sealed class SizelessKernel : ScriptedHost
    {
        public System.Runtime.InteropServices.SafeHandle? Created { get; private set; }

        public override int FTruncate(System.Runtime.InteropServices.SafeHandle file, long length)
        {
            Created = file;
            return -(int)Errno.EFBIG;
        }
    }
}

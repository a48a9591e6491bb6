using LuoInterop.Tests.Support;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace LuoInterop.Tests.Memory;

/// <summary>Proves which rule decides about each kind of file of the host.</summary>
public class PreservabilityTests
{
    private const string SharedMemory = "/dev/shm";
    private static PreservabilityRule RuleOf(System.Runtime.InteropServices.SafeHandle file)
    {
        Preservability result = Preservability.Of(Kernel.Linux, file);
        Assert.Equal(result.Rule == PreservabilityRule.Accepted, result.IsAccepted);
        Assert.EndsWith(".", result.Explanation, StringComparison.Ordinal);
        return result.Rule;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Memfd_SealableOrNot_IsAccepted(bool allowSealing)
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "plain", 4096, new MemfdOptions { AllowSealing = allowSealing });
        Assert.Equal(PreservabilityRule.Accepted, RuleOf(file.Handle));
        Assert.True(file.Preservability.IsAccepted);
    }

    [Fact]
    public void Memfd_WithEverySealButExec_IsAccepted()
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "sealed", 4096);
        file.AddSeals(MemfdSeals.Seal | MemfdSeals.Shrink | MemfdSeals.Grow | MemfdSeals.Write | MemfdSeals.FutureWrite);
        Assert.Equal(PreservabilityRule.Accepted, RuleOf(file.Handle));
    }

    [Fact]
    public void Memfd_SealedAgainstExecution_ComesBackReadOnly()
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "noexec", 4096, new MemfdOptions { Executable = MemfdExecutable.Sealed });
        Assert.Equal(PreservabilityRule.ExecSeal, RuleOf(file.Handle));
        Assert.Contains("MemfdExecutable.Allowed", file.Preservability.Explanation, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1L << 40, PreservabilityRule.TooLarge)]
    [InlineData((1L << 40) - 1, PreservabilityRule.Accepted)]
    [InlineData(0, PreservabilityRule.Accepted)]
    public void Memfd_BySize_IsAcceptedBelowOneTiB(long size, PreservabilityRule expected)
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "sparse", size);
        Assert.Equal(expected, RuleOf(file.Handle));
    }

    [NeedsFact(Need.HugePages)]
    public void Memfd_OfHugePages_IsRefused()
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "huge", 0, new MemfdOptions { DefaultHugePages = true });
        Assert.Equal(PreservabilityRule.HugePages, RuleOf(file.Handle));
    }

    [Fact]
    public void TmpfsFile_LinkedThenUnlinked_IsAcceptedOnceItHasNoName()
    {
        string path = Path.Combine(SharedMemory, $"luointerop-{Guid.NewGuid():N}");
        using SafeFileHandle file = Files.Open(path, LibC.O_RDWR | LibC.O_CREAT | LibC.O_EXCL, 0x180);
        try
        {
            Assert.Equal(PreservabilityRule.Linked, RuleOf(file));
        }
        finally
        {
            File.Delete(path);
        }

        Assert.Equal(PreservabilityRule.Accepted, RuleOf(file));
    }

    [Fact]
    public void TmpfsFile_ThatNeverHadAName_IsAccepted()
    {
        using SafeFileHandle file = Files.Open(SharedMemory, LibC.O_TMPFILE | LibC.O_RDWR, 0x180);
        Assert.Equal(PreservabilityRule.Accepted, RuleOf(file));
    }

    [Fact]
    public void TmpfsFolder_IsRefused()
    {
        using SafeFileHandle folder = Files.Open(SharedMemory);
        Assert.Equal(PreservabilityRule.NotMemory, RuleOf(folder));
    }

    [Theory]
    [InlineData("/dev/null")]
    [InlineData("/proc/self/status")]
    [InlineData("/proc/self/exe")]
    public void FileThatIsNoMemory_IsRefused(string path)
    {
        using SafeFileHandle file = Files.Open(path);
        Assert.Equal(PreservabilityRule.NotMemory, RuleOf(file));
    }

    [Fact]
    public void Pipe_IsRefused()
    {
        using var pipe = new System.IO.Pipes.AnonymousPipeServerStream();
        Assert.Equal(PreservabilityRule.NotMemory, RuleOf(pipe.SafePipeHandle));
    }

    [Fact]
    public void PathDescriptor_IsNotOpen()
    {
        using Memfd memory = Memfd.Create(Kernel.Linux, "path", 4096);
        using SafeFileHandle path = Files.Open($"/proc/self/fd/{memory.Handle.DangerousGetHandle()}", LibC.O_PATH);
        Assert.Equal(PreservabilityRule.NotOpen, RuleOf(path));
    }

    [Fact]
    public void InvalidHandle_IsNotOpen()
    {
        using SafeFileHandle never = Files.NeverOpen();
        Assert.Equal(PreservabilityRule.NotOpen, RuleOf(never));
        using var invalid = new SafeFileHandle(-1, ownsHandle: false);
        Assert.Equal(PreservabilityRule.NotOpen, RuleOf(invalid));
    }

    [Fact]
    public void ClosedHandle_ThrowsObjectDisposed()
    {
        Memfd file = Memfd.Create(Kernel.Linux, "closed");
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.Preservability);
    }

    [Fact]
    public void Of_Null_ThrowsArgumentNull()
    {
        using SafeFileHandle never = Files.NeverOpen();
        Assert.Throws<ArgumentNullException>(() => Preservability.Of(null!, never));
        Assert.Throws<ArgumentNullException>(static () => Preservability.Of(Kernel.Linux, null!));
    }
}

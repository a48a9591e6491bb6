using System.Runtime.InteropServices;
using LuoInterop.Tests.Support;

namespace LuoInterop.Tests.Errors;

/// <summary>Proves that the exception says what was asked, of what, how it was refused, and what that means.</summary>
public class KernelExceptionTests
{
    [Fact]
    public void Message_WithSessionAndToken_HasAllParts()
    {
        KernelException error = KernelException.For(-(int)Errno.EBUSY, Operation.PreserveFd, "vm-1", 7);
        Assert.StartsWith("PRESERVE_FD of token 7 on session \"vm-1\" was refused with EBUSY: ", error.Message, StringComparison.Ordinal);
        Assert.EndsWith("Finish that session first.", error.Message, StringComparison.Ordinal);
        Assert.Equal((Errno.EBUSY, "PRESERVE_FD", "vm-1", 7UL), (error.Errno, error.Operation, error.Session, error.Token));
        Assert.Equal((int)Errno.EBUSY, error.HResult);
    }

    /// <summary>What the messages call lost, wrong or used up for good is not transient; what they say to retry is.</summary>
    [Theory]
    [InlineData(Operation.RetrieveFd, Errno.EMFILE, true)]
    [InlineData(Operation.RetrieveFd, Errno.ENOMEM, false)]
    [InlineData(Operation.RetrieveFd, Errno.EIO, false)]
    [InlineData(Operation.PreserveFd, Errno.ENOMEM, true)]
    [InlineData(Operation.PreserveFd, Errno.EBUSY, false)]
    [InlineData(Operation.PreserveFd, Errno.EEXIST, false)]
    [InlineData(Operation.OpenDevice, Errno.EBUSY, true)]
    [InlineData(Operation.OpenDevice, Errno.ENOENT, false)]
    [InlineData(Operation.Finish, Errno.EBUSY, true)]
    [InlineData(Operation.KexecFileLoad, Errno.ETXTBSY, true)]
    [InlineData(Operation.KexecFileLoad, Errno.EKEYREJECTED, false)]
    [InlineData(Operation.Reboot, Errno.EBUSY, true)]
    [InlineData(Operation.Reboot, Errno.EIO, true)]
    [InlineData(Operation.Reboot, Errno.EPERM, false)]
    [InlineData(Operation.Reboot, Errno.EINVAL, false)]
    [InlineData(Operation.Reboot, Errno.ESTALE, false)]
    [InlineData("a program's own call", Errno.EINTR, true)]
    [InlineData("a program's own call", Errno.EINVAL, false)]
    public void IsTransient_OfRefusal(string operation, Errno errno, bool expected) =>
        Assert.Equal(expected, new KernelException(errno, operation, "a sentence.").IsTransient);

    [Fact]
    public void Message_WithSessionOnly_NamesIt()
    {
        KernelException error = KernelException.For(-(int)Errno.EEXIST, Operation.CreateSession, "vm-1");
        Assert.StartsWith("CREATE_SESSION on session \"vm-1\" was refused with EEXIST: ", error.Message, StringComparison.Ordinal);
        Assert.Null(error.Token);
    }

    [Fact]
    public void Message_WithTokenOnly_NamesIt()
    {
        KernelException error = KernelException.For(-(int)Errno.EIO, Operation.RetrieveFd, token: ulong.MaxValue);
        Assert.StartsWith("RETRIEVE_FD of token 18446744073709551615 was refused with EIO: ", error.Message, StringComparison.Ordinal);
        Assert.Null(error.Session);
    }

    [Fact]
    public void Message_WithNeither_StartsWithTheOperation()
    {
        KernelException error = KernelException.For(-(int)Errno.ENODEV, Operation.MemfdCreate);
        Assert.StartsWith("memfd_create was refused with ENODEV: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Message_OfANumberWithoutName_HasTheNumberAndTheSystemsText()
    {
        KernelException error = KernelException.For(-104, Operation.RetrieveFd);
        Assert.Contains("errno 104", error.Message, StringComparison.Ordinal);
        Assert.Contains(Marshal.GetPInvokeErrorMessage(104), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Exception_OfTheKernel_IsAnIOException() =>
        Assert.IsAssignableFrom<IOException>(KernelException.For(-(int)Errno.EIO, Operation.Reboot));

    [Fact]
    public void Preserve_RefusedByTheKernel_CarriesSessionAndToken()
    {
        using var machine = new TestMachine();
        RecordingKernel kernel = machine.Kernel;
        using LiveUpdateDevice device = LiveUpdateDevice.Open(kernel);
        using LiveUpdateSession session = device.CreateSession("carried");
        using Memfd file = Memfd.Create(kernel, "file");
        session.Preserve(file, 5);
        var error = Assert.Throws<KernelException>(() => session.Preserve(file, 5));
        Assert.Equal((Errno.EEXIST, "PRESERVE_FD", "carried", 5UL), (error.Errno, error.Operation, error.Session, error.Token));
        session.Abort();
    }
}

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

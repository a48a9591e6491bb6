using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Faults;

/// <summary>Proves what an ioctl leaves behind whose answer cannot be copied back (contract 1.3).</summary>
public sealed class CopyBackFaultTests : IDisposable
{
    private readonly EmulatedMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void CreatedSession_IsGone_PreservedFileStays()
    {
        EmulatedProcess kernel = _machine.Boot();
        using Descriptor device = kernel.OpenDevice();
        InjectedFault create = _machine.Faults.FailCopyBack(KernelCall.CreateSession);
        Assert.Equal(EFAULT, kernel.TryCreate(device, "s", out _));
        Assert.True(create.HasFired);
        using Descriptor session = kernel.Create(device, "s");
        using Descriptor file = kernel.MemfdWith([1]);
        _machine.Faults.FailCopyBack(KernelCall.PreserveFd);
        Assert.Equal(EFAULT, kernel.Preserve(session, file.Fd, 1));
        Assert.Equal(EEXIST, kernel.Preserve(session, file.Fd, 1));
        Assert.Equal(EPERM, kernel.FTruncate(file, 0));
        _machine.Faults.FailCopyBack(KernelCall.GetName);
        Assert.Equal(EFAULT, kernel.Ioctl(session, GetNameNumber, NameStructure("").AsSpan()));
    }

    [Fact]
    public void RetrievedFile_CanBeAskedAgain_RetrievedSessionIsFinished()
    {
        EmulatedProcess first = _machine.Boot();
        using Descriptor device = first.OpenDevice();
        using Descriptor outgoing = first.Create(device, "kept");
        using Descriptor other = first.Create(device, "lost");
        foreach (Descriptor session in (Descriptor[])[outgoing, other])
        {
            using Descriptor file = first.MemfdWith([7]);
            Assert.Equal(0, first.Preserve(session, file.Fd, 1));
        }

        EmulatedProcess next = _machine.Kexec();
        using Descriptor nextDevice = next.OpenDevice();
        using Descriptor kept = next.RetrieveSession(nextDevice, "kept");
        _machine.Faults.FailCopyBack(KernelCall.RetrieveFd);
        Assert.Equal(EFAULT, next.TryRetrieve(kept, 1, out _));
        using (Descriptor file = next.Retrieve(kept, 1))
        {
            Assert.Equal([7], next.Content(file, 1));
        }

        _machine.Faults.FailCopyBack(KernelCall.Finish);
        Assert.Equal(EFAULT, next.Finish(kept));
        Assert.Equal(ENOENT, next.TryRetrieve(kept, 1, out _));
        _machine.Faults.FailCopyBack(KernelCall.RetrieveSession);
        Assert.Equal(EFAULT, next.TryRetrieveSession(nextDevice, "lost", out _));
        Assert.Equal(ENOENT, next.TryRetrieveSession(nextDevice, "lost", out _));
    }
}

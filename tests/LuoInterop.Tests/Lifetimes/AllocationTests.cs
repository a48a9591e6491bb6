using System.Runtime.InteropServices;
using LuoInterop.Interop;
using LuoInterop.Tests.Shared;
using LuoInterop.Tests.Support;
using Microsoft.Win32.SafeHandles;

namespace LuoInterop.Tests.Lifetimes;

/// <summary>Proves that the calls which run while a guest stands still allocate no more than what they return.</summary>
public sealed class AllocationTests : IDisposable
{
    private readonly ConstantKernel _kernel = new();
    private readonly LiveUpdateDevice _device;

    public AllocationTests() => _device = LiveUpdateDevice.Open(_kernel);

    public void Dispose()
    {
        _device.Dispose();
        _kernel.Dispose();
    }

    [Fact]
    public void Preserve_Memfd_AllocatesNothing()
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "preserved", 4096);
        LiveUpdateSession session = _device.CreateSession("allocation");
        Assert.Equal(0, Allocation.Of(() => session.Preserve(file, 1)));
        Assert.Equal(0, Allocation.Of(() => session.Preserve(file.Handle, 1, PreserveOptions.AllowExecSeal)));
        session.Abort();
    }

    [Fact]
    public void RetrieveFile_AnyToken_AllocatesWhatTheHandleNeeds()
    {
        LiveUpdateSession session = _device.RetrieveSession("allocation");
        long control = Allocation.Of(() => new KernelHandle(_kernel, _kernel.FileDescriptor()).Dispose());
        Assert.True(control > 0);
        Assert.Equal(control, Allocation.Of(() => session.RetrieveFile(1).Dispose()));
        session.Finish();
        session.Dispose();
    }

    [Fact]
    public void RetrieveMemfd_AnyToken_AllocatesTheHandleAndTheMemfd()
    {
        LiveUpdateSession session = _device.RetrieveSession("allocation");
        long control = Allocation.Of(() => new Memfd(new KernelHandle(_kernel, _kernel.FileDescriptor())).Dispose());
        Assert.Equal(control, Allocation.Of(() => session.RetrieveMemfd(1).Dispose()));
        session.Finish();
        session.Dispose();
    }

    [Fact]
    public void CreateAndRetrieve_ThroughObjectsMadeBefore_AllocateNothing()
    {
        Assert.Equal(0, Allocation.Of(Made(), _device.CreateSession));
        Assert.Equal(0, Allocation.Of(Made(), _device.RetrieveSession));
        Assert.Equal(0, Allocation.Of(Made(), session => Assert.True(_device.TryRetrieveSession(session))));
        LiveUpdateSession session = _device.RetrieveSession("allocation");
        var handles = Enumerable.Range(0, Allocation.Runs).Select(_ => new KernelHandle(_kernel)).ToList();
        Assert.Equal(0, Allocation.Of(handles, handle => session.RetrieveFile(1, handle)));
        handles.ForEach(static handle => handle.Dispose());
        session.Finish();
        session.Dispose();

        List<LiveUpdateSession> Made() => [.. Enumerable.Range(0, Allocation.Runs).Select(_ => new LiveUpdateSession(_kernel, "made"))];
    }

    [Fact]
    public void TryRetrieveSession_NoSuchSession_AllocatesNothing()
    {
        _kernel.HasSession = false;
        var session = new LiveUpdateSession(_kernel, "missing");
        Assert.Equal(0, Allocation.Of(() => _device.TryRetrieveSession(session)));
    }

    [Fact]
    public void Finish_AnySession_AllocatesNothing()
    {
        LiveUpdateSession session = _device.RetrieveSession("allocation");
        Assert.Equal(0, Allocation.Of(session.Finish));
        session.Dispose();
    }

    [Fact]
    public void SeamOfLinux_Refusal_AllocatesNothing()
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "refused", 4096);
        var argument = new byte[8];
        Assert.Equal(0, Allocation.Of(() => Kernel.Linux.Ioctl(file.Handle, LiveUpdateHeader.LIVEUPDATE_SESSION_FINISH, argument)));
        Assert.Equal(0, Allocation.Of(() => Kernel.Linux.FStat(file.Handle, out _)));
    }

    [Fact]
    public void ReadAndWrite_Memfd_AllocateNothing()
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "io", 4096);
        using MemfdMapping mapping = file.Map();
        var buffer = new byte[100];
        Assert.Equal(0, Allocation.Of(() => file.Write(5, buffer)));
        Assert.Equal(0, Allocation.Of(() => file.Read(5, buffer)));
        Assert.Equal(0, Allocation.Of(() => mapping.GetSpan(0, 100).Clear()));
    }

    /// <summary>Grants every request without keeping anything, and gives out copies of one host file.</summary>
    private sealed class ConstantKernel : ScriptedHost, IDisposable
    {
        private readonly Memfd _file = Memfd.Create(Linux, "constant", 4096);

        public bool HasSession { get; set; } = true;

        public int FileDescriptor() => Linux.Fcntl(_file.Handle, FcntlHeader.F_DUPFD_CLOEXEC);

        public void Dispose() => _file.Dispose();

        public override int Open(string path, int flags, uint mode = 0) => FileDescriptor();

        public override int Ioctl(SafeHandle file, uint request, Span<byte> argument)
        {
            switch (request)
            {
                case LiveUpdateHeader.LIVEUPDATE_IOCTL_RETRIEVE_SESSION when !HasSession:
                    return -(int)Errno.ENOENT;
                case LiveUpdateHeader.LIVEUPDATE_IOCTL_CREATE_SESSION or LiveUpdateHeader.LIVEUPDATE_IOCTL_RETRIEVE_SESSION
                    or LiveUpdateHeader.LIVEUPDATE_SESSION_RETRIEVE_FD:
                    // All three have the descriptor after the size.
                    MemoryMarshal.Cast<byte, int>(argument)[1] = FileDescriptor();
                    return 0;
                default:
                    return 0;
            }
        }
    }
}

using LuoInterop.Interop;
using LuoInterop.Tests.Support;

namespace LuoInterop.Tests.Lifetimes;

/// <summary>Proves that calls on several threads never make a session look emptier than it is.</summary>
public sealed class ConcurrencyTests : IDisposable
{
    private readonly TestMachine _machine = new();
    private readonly LeakLog _log = new();

    private string Name => _log.Prefix + "shared";

    public void Dispose()
    {
        _log.Dispose();
        _machine.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(50)]
    public void Preserve_ByManyThreads_IsCountedExactly(int successes)
    {
        const int Failures = 400;
        LiveUpdateSession session = _machine.Create(Name);
        using SafeFile none = new();
        Parallel.For(0, Failures + successes, number =>
        {
            if (number % 9 == 0 && number / 9 < successes)
            {
                using Memfd file = _machine.FileOf("x");
                session.Preserve(file, (ulong)number);
            }
            else
            {
                Assert.Equal(Errno.ENOENT, Assert.Throws<KernelException>(() => session.Preserve(none.Handle, (ulong)number)).Errno);
            }
        });
        int preserved = _machine.Kernel.CountOf("preserve", Name);
        Assert.Equal(successes, preserved);
        session.Dispose();
        Assert.Equal(preserved == 0 ? 1 : 0, _machine.Kernel.CountOf("close", Name));
        Assert.Equal(preserved == 0 ? 0 : 1, _log.All.Count);
    }

    [Fact]
    public void Dispose_WhileAFileIsBeingPreserved_DoesNotDropIt()
    {
        LiveUpdateSession session = _machine.Create(Name);
        using Memfd file = _machine.FileOf(Name);
        _machine.Kernel.Before = request =>
        {
            if (request == LiveUpdateHeader.LIVEUPDATE_SESSION_PRESERVE_FD)
            {
                _machine.Kernel.Before = static _ => { };
                Task.Run(session.Dispose).GetAwaiter().GetResult();
            }
        };

        // Whether the call still succeeds depends on who was first; what it says must be true.
        Exception? error = Record.Exception(() => session.Preserve(file, 1));
        Assert.True(error is null or ObjectDisposedException, error?.ToString());
        Assert.Equal(error is null ? 1 : 0, _machine.Kernel.CountOf("preserve", Name));
        Assert.Equal(0, _machine.Kernel.CountOf("close", Name));
        Assert.Equal(SessionLeakCause.Disposed, Assert.Single(_log.All).Cause);
    }

    [Fact]
    public void Dispose_BeforeTheKernelIsAsked_ClosesAndThePreserveSaysDisposed()
    {
        LiveUpdateSession session = _machine.Create(Name);
        using Memfd file = _machine.FileOf("x");
        _machine.Kernel.BeforeGetSeals = session.Dispose;
        Assert.Throws<ObjectDisposedException>(() => session.Preserve(file, 1));
        Assert.Equal(["create " + Name, "close " + Name], _machine.Kernel.Calls);
        Assert.Empty(_log.All);
    }

    [Fact]
    public void Dispose_RacingWithPreserve_NeverDropsWhatWasPreserved()
    {
        const int Rounds = 300;
        for (int round = 0; round < Rounds; round++)
        {
            string name = $"{Name}-{round}";
            LiveUpdateSession session = _machine.Create(name);
            using Memfd file = _machine.FileOf("x");
            using var start = new Barrier(2);
            var disposer = new Thread(() =>
            {
                start.SignalAndWait();
                session.Dispose();
            });
            disposer.Start();
            start.SignalAndWait();
            bool preserved = Record.Exception(() => session.Preserve(file, 1)) is null;
            disposer.Join();
            if (preserved)
            {
                Assert.Equal(0, _machine.Kernel.CountOf("close", name));
                Assert.Contains(_log.All, leak => leak.Name == name);
            }
            else
            {
                Assert.True(_machine.Kernel.CountOf("close", name) == 1 || _log.All.Any(leak => leak.Name == name));
            }
        }
    }

    [Fact]
    public void Handle_PreservedIntoWhileItsDisposeWaits_IsNotClosed()
    {
        // The order that no pause in a test can force: Dispose looks, finds nothing, and the file goes in before it closes.
        using LiveUpdateDevice device = LiveUpdateDevice.Open(_machine.Kernel);
        var handle = new SessionHandle(_machine.Kernel, Name);
        handle.Open(DescriptorOfANewSession(device), SessionDirection.Outgoing);
        bool added = false;
        handle.DangerousAddRef(ref added);
        handle.Dispose();
        handle.AddStake();
        handle.DangerousRelease();
        Assert.Equal(0, _machine.Kernel.CountOf("close", Name));
        Assert.True(handle.IsLeaked);
        Assert.Equal(SessionLeakCause.Disposed, Assert.Single(_log.All).Cause);
    }

    [Fact]
    public void Abort_WhileAFileIsBeingPreserved_StillDropsAll()
    {
        LiveUpdateSession session = _machine.Create(Name);
        using Memfd file = _machine.FileOf("x");
        _machine.Kernel.Before = request =>
        {
            if (request == LiveUpdateHeader.LIVEUPDATE_SESSION_PRESERVE_FD)
            {
                _machine.Kernel.Before = static _ => { };
                session.Abort();
            }
        };
        _ = Record.Exception(() => session.Preserve(file, 1));
        Assert.Equal(1, _machine.Kernel.CountOf("close", Name));
        Assert.Empty(_log.All);
        file.SetSize(0);
    }

    private int DescriptorOfANewSession(LiveUpdateDevice device)
    {
        liveupdate_ioctl_create_session argument = default;
        argument.size = (uint)System.Runtime.CompilerServices.Unsafe.SizeOf<liveupdate_ioctl_create_session>();
        SessionName.Encode(Name, argument.name);
        Assert.True(_machine.Kernel.Ioctl(device.Handle, LiveUpdateHeader.LIVEUPDATE_IOCTL_CREATE_SESSION, Bytes.Of(ref argument)) >= 0);
        return argument.fd;
    }

    /// <summary>Holds a file that no kernel preserves.</summary>
    private sealed class SafeFile : IDisposable
    {
        public Microsoft.Win32.SafeHandles.SafeFileHandle Handle { get; } = Files.Open("/dev/null");

        public void Dispose() => Handle.Dispose();
    }
}

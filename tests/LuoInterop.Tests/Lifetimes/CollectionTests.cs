using System.Runtime.CompilerServices;
using LuoInterop.Tests.Support;

namespace LuoInterop.Tests.Lifetimes;

/// <summary>Proves that the garbage collector never drops, finishes or frees what a session holds.</summary>
[Collection(Alone.Name)]
public class CollectionTests
{
    private const int Sessions = 40;

    [Fact]
    public void OutgoingWithFiles_Lost_IsReportedAndGoesToTheNextKernel()
    {
        using var machine = new TestMachine();
        using var log = new LeakLog();
        LoseEach(log, name => machine.CreateWithFile(name));
        Assert.Equal(Sessions, log.All.Count);
        Assert.All(log.All, static leak =>
            Assert.Equal((SessionDirection.Outgoing, SessionLeakCause.Collected), (leak.Direction, leak.Cause)));
        Assert.DoesNotContain(machine.Kernel.Calls, static call => call.StartsWith("close", StringComparison.Ordinal));
        Assert.Equal(Sessions, machine.Kernel.OpenSessions);
        machine.Kexec();
        for (int number = 0; number < Sessions; number++)
        {
            using LiveUpdateSession session = machine.Retrieve(log.Prefix + number);
            Assert.Equal(log.Prefix + number, TestMachine.ContentOf(session));
            session.Finish();
        }
    }

    [Fact]
    public void OutgoingWithFiles_LostWhileAListenerThrows_EndsNeitherProcessNorSession()
    {
        using var machine = new TestMachine();
        using var log = new LeakLog();
        void Throw(SessionLeak leak)
        {
            if (leak.Name.StartsWith(log.Prefix, StringComparison.Ordinal))
            {
                throw new InvalidOperationException("A listener's fault.");
            }
        }

        SessionLeak.Occurred += Throw;
        try
        {
            LoseEach(log, name => machine.CreateWithFile(name));
        }
        finally
        {
            SessionLeak.Occurred -= Throw;
        }

        Assert.Equal(Sessions, log.All.Count);
        Assert.Equal(Sessions, machine.Kernel.OpenSessions);
    }

    [Fact]
    public void IncomingUnfinished_Lost_IsReportedAndFreesNothing()
    {
        using var machine = new TestMachine();
        using var log = new LeakLog();
        for (int number = 0; number < Sessions; number++)
        {
            machine.CreateWithFile(log.Prefix + number).HoldUntilKexec();
        }

        machine.Kexec();
        LoseEach(log, machine.Retrieve);
        Assert.Equal(Sessions, log.All.Count);
        Assert.All(log.All, static leak =>
            Assert.Equal((SessionDirection.Incoming, SessionLeakCause.Collected), (leak.Direction, leak.Cause)));
        Assert.Equal(Sessions, machine.Kernel.Calls.Count);
        foreach (SessionLeak leak in log.All)
        {
            using LiveUpdateSession session = LiveUpdateSession.Adopt(machine.Kernel, leak.FileDescriptor);
            Assert.Equal(leak.Name, TestMachine.ContentOf(session));
            session.Finish();
        }
    }

    [Fact]
    public void Held_Lost_IsSilentAndGoesToTheNextKernel()
    {
        using var machine = new TestMachine();
        using var log = new LeakLog();
        LoseEach(log, name =>
        {
            LiveUpdateSession session = machine.CreateWithFile(name);
            session.HoldUntilKexec();
            return session;
        });
        Assert.Empty(log.All);
        Assert.Equal(Sessions, machine.Kernel.OpenSessions);
        machine.Kexec();
        Assert.All(Enumerable.Range(0, Sessions), number => Assert.True(machine.IsHandedOver(log.Prefix + number)));
    }

    [Fact]
    public void HeldWithoutFiles_Lost_GoesToTheNextKernel()
    {
        using var machine = new TestMachine();
        using var log = new LeakLog();
        LoseEach(log, name =>
        {
            LiveUpdateSession session = machine.Create(name);
            session.HoldUntilKexec();
            return session;
        });
        Assert.Empty(log.All);
        machine.Kexec();
        Assert.All(Enumerable.Range(0, Sessions), number => Assert.True(machine.IsHandedOver(log.Prefix + number)));
    }

    [Fact]
    public void Empty_Lost_IsClosedSilently()
    {
        using var machine = new TestMachine();
        using var log = new LeakLog();
        LoseEach(log, machine.Create);
        Assert.Empty(log.All);
        Assert.Equal(0, machine.Kernel.OpenSessions);
        Assert.All(Enumerable.Range(0, Sessions), number => Assert.Equal(1, machine.Kernel.CountOf("close", log.Prefix + number)));
    }

    [Fact]
    public void FailedPreserveOnly_Lost_IsClosedSilently()
    {
        using var machine = new TestMachine();
        using var log = new LeakLog();
        LoseEach(log, name =>
        {
            LiveUpdateSession session = machine.Create(name);
            using var pipe = new System.IO.Pipes.AnonymousPipeServerStream();
            Assert.Throws<KernelException>(() => session.Preserve(pipe.SafePipeHandle, 1));
            return session;
        });
        Assert.Empty(log.All);
        Assert.Equal(0, machine.Kernel.OpenSessions);
    }

    [Fact]
    public void Finished_Lost_IsClosedSilently()
    {
        using var machine = new TestMachine();
        using var log = new LeakLog();
        for (int number = 0; number < Sessions; number++)
        {
            machine.CreateWithFile(log.Prefix + number).HoldUntilKexec();
        }

        machine.Kexec();
        LoseEach(log, name =>
        {
            LiveUpdateSession session = machine.Retrieve(name);
            session.Finish();
            return session;
        });
        Assert.Empty(log.All);
        Assert.Equal(0, machine.Kernel.OpenSessions);
        Assert.All(Enumerable.Range(0, Sessions), number => Assert.Equal(1, machine.Kernel.CountOf("finish", log.Prefix + number)));
    }

    [Fact]
    public void SessionObject_LostWhileItsHandleIsInUse_IsLeftAlone()
    {
        using var machine = new TestMachine();
        using var log = new LeakLog();
        System.Runtime.InteropServices.SafeHandle handle = HandleOf(machine, log.Prefix + "handle");
        Collector.Run();
        Assert.Empty(log.All);
        Assert.False(handle.IsClosed);
        Assert.Equal(1, machine.Kernel.OpenSessions);
        GC.KeepAlive(handle);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void LoseEach(LeakLog log, Func<string, LiveUpdateSession> make)
    {
        for (int number = 0; number < Sessions; number++)
        {
            Lose(make, log.Prefix + number);
            if (number % 8 == 0)
            {
                Collector.Run();
            }
        }

        Collector.Run();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Lose(Func<string, LiveUpdateSession> make, string name) => Assert.Equal(name, make(name).Name);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static System.Runtime.InteropServices.SafeHandle HandleOf(TestMachine machine, string name) =>
        machine.CreateWithFile(name).Handle;
}

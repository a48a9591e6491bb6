using System.Globalization;
using LuoInterop.Emulation;
using LuoInterop.Systemd.Store;
using Xunit;

namespace LuoInterop.Systemd.Tests;

/// <summary>Hands a session of the emulated kernel to a service, as systemd does with LUOSession=.</summary>
public sealed class HandedSessionTests : IDisposable
{
    private const string KernelsName = "vm.service-0123456789abcdef01234567";

    private const ulong Token = 5;

    private readonly FakeServiceManager _manager = new(4);

    private readonly EmulatedMachine _machine = new();

    public void Dispose()
    {
        _machine.Dispose();
        _manager.Dispose();
    }

    [Fact]
    public void Outgoing_TakesFiles_AndItsEndInTheService_DropsNothing()
    {
        EmulatedProcess systemd = _machine.Boot();
        LiveUpdateSession made = Create(systemd);
        EmulatedProcess service = systemd.StartProcess();
        using (FileDescriptorStore store = Hand(systemd, made, service))
        using (HandedSession handed = store.TakeSession("vm"))
        {
            Assert.Equal(
                ("vm", KernelsName, SessionDirection.Outgoing), (handed.Name, handed.Session.Name, handed.Direction));
            Preserve(service, handed, "kept");
            Assert.Throws<InvalidOperationException>(() => handed.Complete());
            Assert.Equal(StoreRefusal.NotReceived, Assert.Throws<FileDescriptorStoreException>(() => store.TakeSession("vm")).Refusal);
        }

        Assert.Empty(_manager.Texts);
        service.Exit();
        EmulatedProcess next = Kexec(systemd);
        using LiveUpdateSession back = Retrieve(next);
        using Memfd file = back.RetrieveMemfd(Token);
        Assert.Equal("kept", StoreTests.Text(file));
        back.Finish();
    }

    [Fact]
    public void Incoming_GivesItsFiles_TakesNone_AndIsRemovedWhenItIsComplete()
    {
        EmulatedProcess systemd = Jumped("kept");
        LiveUpdateSession back = Retrieve(systemd);
        EmulatedProcess service = systemd.StartProcess();
        using (FileDescriptorStore store = Hand(systemd, back, service))
        using (HandedSession handed = store.TakeSession("vm"))
        {
            Assert.Equal(SessionDirection.Incoming, handed.Direction);
            using Memfd refused = Memfd.Create(service, "refused", 4096);
            InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => handed.Preserve(refused.Handle, 6));
            Assert.Contains("is not carried again", error.Message, StringComparison.Ordinal);
            using (Memfd file = handed.Session.RetrieveMemfd(Token))
            {
                Assert.Equal("kept", StoreTests.Text(file));
            }

            Assert.Empty(_manager.Texts);
            handed.Complete();
        }

        Assert.Equal(["FDSTOREREMOVE=1\nFDNAME=vm", "BARRIER=1"], _manager.Texts);
    }

    [Fact]
    public void Incoming_ThatTheServiceLeavesWithoutComplete_IsWholeForTheNextStart()
    {
        EmulatedProcess systemd = Jumped("kept");
        LiveUpdateSession back = Retrieve(systemd);
        EmulatedProcess crashed = systemd.StartProcess();
        using (FileDescriptorStore store = Hand(systemd, back, crashed))
        using (store.TakeSession("vm"))
        {
            crashed.Exit();
        }

        EmulatedProcess service = systemd.StartProcess();
        using FileDescriptorStore second = Hand(systemd, back, service);
        using HandedSession handed = second.TakeSession("vm");
        using Memfd file = handed.Session.RetrieveMemfd(Token);
        Assert.Equal("kept", StoreTests.Text(file));
        handed.Complete();
    }

    [Fact]
    public void Complete_WithoutAnswer_CanBeCalledAgain()
    {
        EmulatedProcess systemd = Jumped("kept");
        LiveUpdateSession back = Retrieve(systemd);
        EmulatedProcess service = systemd.StartProcess();
        using FileDescriptorStore store = Hand(systemd, back, service);
        using HandedSession handed = store.TakeSession("vm");
        _manager.Fault = static (_, _) => MessageFault.Delay;
        Assert.Throws<TimeoutException>(() => handed.Complete(TimeSpan.FromMilliseconds(1)));
        _manager.Fault = static (_, _) => MessageFault.None;
        handed.Complete();
        Assert.Equal("BARRIER=1", _manager.Texts[^1]);
        Assert.Equal(2, _manager.Texts.Count(static text => text.StartsWith("FDSTOREREMOVE=1", StringComparison.Ordinal)));
    }

    [Fact]
    public void WhatIsNoSession_IsRefused_AndLeft()
    {
        EmulatedProcess systemd = _machine.Boot();
        EmulatedProcess service = systemd.StartProcess();
        using Memfd file = Memfd.Create(systemd, "memory", 4096);
        int number = systemd.SendDescriptor(service, file.Handle);
        using FileDescriptorStore store = Open(service, number);
        FileDescriptorStoreException error = Assert.Throws<FileDescriptorStoreException>(() => store.TakeSession("vm"));
        Assert.Equal(StoreRefusal.WrongDescriptor, error.Refusal);
        Assert.Contains("LUOSession=", error.Message, StringComparison.Ordinal);
        Assert.False(Assert.Single(store.Received).IsTaken);
        Assert.Equal(StoreRefusal.NotReceived, Assert.Throws<FileDescriptorStoreException>(() => store.TakeSession("other")).Refusal);
    }

    private static LiveUpdateSession Create(EmulatedProcess systemd)
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(systemd);
        return device.CreateSession(KernelsName);
    }

    private static LiveUpdateSession Retrieve(EmulatedProcess systemd)
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(systemd);
        return device.RetrieveSession(KernelsName);
    }

    private static void Preserve(EmulatedProcess service, HandedSession handed, string content)
    {
        using Memfd file = Memfd.Create(service, "memory");
        file.Write(0, System.Text.Encoding.ASCII.GetBytes(content));
        handed.Preserve(file.Handle, Token);
    }

    /// <summary>Boots a kernel into which a session came, with a file.</summary>
    private EmulatedProcess Jumped(string content)
    {
        EmulatedProcess systemd = _machine.Boot();
        LiveUpdateSession made = Create(systemd);
        using (Memfd file = Memfd.Create(systemd, "memory"))
        {
            file.Write(0, System.Text.Encoding.ASCII.GetBytes(content));
            made.Preserve(file, Token);
        }

        return Kexec(systemd);
    }

    private EmulatedProcess Kexec(EmulatedProcess systemd)
    {
        string image = Path.Combine(Path.GetTempPath(), $"luointerop-{Guid.NewGuid():N}");
        EmulatedKernelImage.Write(image, systemd.Release);
        try
        {
            KexecImage loaded = KexecImage.Load(systemd, image, null, KernelCommandLine.Reuse(systemd));
            Assert.Throws<EmulatedKexecException>(() => loaded.Reboot());
            return _machine.Boot();
        }
        finally
        {
            File.Delete(image);
        }
    }

    /// <summary>Starts a service that is handed a session under the name "vm".</summary>
    private FileDescriptorStore Hand(EmulatedProcess systemd, LiveUpdateSession session, EmulatedProcess service) =>
        Open(service, systemd.SendDescriptor(service, session.Handle));

    private FileDescriptorStore Open(EmulatedProcess service, int number)
    {
        Assert.True(number >= 0);
        var environment = new ServiceEnvironment
        {
            NotifySocket = _manager.Address,
            FdStore = "4",
            ListenPid = Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
            ListenFds = "1",
            ListenFdNames = "vm",
            FirstDescriptor = number,
        };
        Assert.True(FileDescriptorStore.TryOpen(service, environment, out FileDescriptorStore? store, out _));
        return store!;
    }
}

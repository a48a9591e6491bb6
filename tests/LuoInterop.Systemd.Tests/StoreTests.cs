using System.Text;
using LuoInterop.Systemd.Store;
using Xunit;

namespace LuoInterop.Systemd.Tests;

public sealed class StoreTests : IDisposable
{
    private readonly FakeServiceManager _manager = new(4);

    public void Dispose() => _manager.Dispose();

    [Fact]
    public void Store_ThenStart_GivesTheFileBackByName()
    {
        _manager.Start(out FileDescriptorStore first);
        using (first)
        {
            using Memfd file = Written("kept");
            Assert.Equal(StoreProof.Proven, first.Store("cache", file.Handle));
            Assert.True(first.IsKept("cache"));
        }

        _manager.Start(out FileDescriptorStore second);
        using (second)
        {
            ReceivedDescriptor one = Assert.Single(second.Received);
            Assert.Equal(("cache", "cache", DescriptorKind.Memfd), (one.Name, one.StoredAs, one.Kind));
            using var file = new Memfd(second.Received.Take("cache"));
            Assert.Equal("kept", Text(file));
            Assert.Empty(second.Received.Untaken);
            FileDescriptorStoreException again = Assert.Throws<FileDescriptorStoreException>(() => second.Received.Take("cache"));
            Assert.Equal(StoreRefusal.NotReceived, again.Refusal);
        }
    }

    [Fact]
    public void Store_SameFileAgain_SendsNothing()
    {
        _manager.Start(out FileDescriptorStore store);
        using (store)
        {
            using Memfd file = Written("x");
            store.Store("cache", file.Handle);
            int messages = _manager.Messages;
            Assert.Equal(StoreProof.Proven, store.Store("cache", file.Handle));
            Assert.Equal(messages, _manager.Messages);
            FileDescriptorStoreException other = Assert.Throws<FileDescriptorStoreException>(() => store.Store("other", file.Handle));
            Assert.Equal(StoreRefusal.WrongDescriptor, other.Refusal);
        }

        Assert.Equal(["cache"], _manager.Names);
    }

    [Fact]
    public void Store_AfterTheStoreWasEmptied_StoresAgain()
    {
        _manager.Start(out FileDescriptorStore store);
        using (store)
        {
            using Memfd file = Written("x");
            store.Store("cache", file.Handle);
            var outside = new NotifySocket(Kernel.Linux, _manager.Address);
            outside.Send("FDSTOREREMOVE=1\nFDNAME=cache", null, Deadline.In(Timeout.InfiniteTimeSpan));
            _manager.Settle();
            Assert.False(store.IsKept("cache"));
            Assert.Equal(StoreProof.Proven, store.Store("cache", file.Handle));
        }

        Assert.Equal(["cache"], _manager.Names);
    }

    [Fact]
    public void Received_ThatSomebodyRemoves_IsSeen_AndStoredAgain()
    {
        _manager.Start(out FileDescriptorStore first);
        using (first)
        using (Memfd file = Written("x"))
        {
            first.Store("cache", file.Handle);
        }

        _manager.Start(out FileDescriptorStore second);
        using (second)
        {
            using var file = new Memfd(second.Received.Take("cache"));
            Assert.True(second.IsKept("cache"));
            new NotifySocket(Kernel.Linux, _manager.Address)
                .Send("FDSTOREREMOVE=1\nFDNAME=cache", null, Deadline.In(Timeout.InfiniteTimeSpan));
            _manager.Settle();
            Assert.False(second.IsKept("cache"));
            Assert.Equal(StoreProof.Proven, second.Store("cache", file.Handle));
            Assert.True(second.IsKept("cache"));
        }

        Assert.Equal(["cache"], _manager.Names);
    }

    [Fact]
    public void Store_OfAnother_ReplacesIt_NewFirstThenOldAway()
    {
        _manager.Start(out FileDescriptorStore store);
        using (store)
        {
            for (int i = 1; i <= 3; i++)
            {
                using Memfd file = Written("number " + i);
                store.Store("cache", file.Handle);
            }

            store.Barrier();
        }

        Assert.Equal(["cache~3"], _manager.Names);
        Assert.Equal(
            ["FDSTORE", "BARRIER", "FDSTORE", "BARRIER", "FDSTOREREMOVE", "FDSTORE", "BARRIER", "FDSTOREREMOVE", "BARRIER"],
            _manager.Texts.Select(static text => text.Split('=')[0]));
        _manager.Start(out FileDescriptorStore second);
        using (second)
        {
            using var file = new Memfd(second.Received.Take("cache"));
            Assert.Equal("number 3", Text(file));
            using Memfd next = Written("number 4");
            second.Store("cache", next.Handle);
            second.Barrier();
        }

        Assert.Equal(["cache~4"], _manager.Names);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void CrashBetweenStoreAndRemove_NextStartTakesTheNewer_WhateverTheOrder(bool reloaded)
    {
        _manager.Start(out FileDescriptorStore store);
        using (store)
        {
            using Memfd old = Written("old");
            using Memfd young = Written("new");
            store.Store("cache", old.Handle);

            // What is sent last is as if it was never sent.
            _manager.Fault = static (_, text) =>
                text.StartsWith("FDSTOREREMOVE", StringComparison.Ordinal) ? MessageFault.Drop : MessageFault.None;
            store.Store("cache", young.Handle);
            _manager.Settle();
            _manager.Fault = static (_, _) => MessageFault.None;
        }

        Assert.Equal(["cache~2", "cache"], _manager.Names);
        if (reloaded)
        {
            _manager.Reload();
        }

        _manager.Start(out FileDescriptorStore second);
        using (second)
        {
            Assert.Empty(second.Received.AmbiguousNames);
            using var file = new Memfd(second.Received.Take("cache"));
            Assert.Equal("new", Text(file));
            Assert.Equal("cache", Assert.Single(second.Received.Untaken).StoredAs);
            second.Store("cache", file.Handle);
            second.Barrier();
        }

        Assert.Equal(["cache~2"], _manager.Names);
    }

    [Fact]
    public void FullStore_IsToldBeforeAnythingIsSent()
    {
        _manager.Capacity = 1;
        _manager.Start(out FileDescriptorStore store);
        using (store)
        {
            using Memfd one = Written("1");
            using Memfd two = Written("2");
            store.Store("one", one.Handle);
            int messages = _manager.Messages;
            Assert.Equal(StoreRefusal.Full, Assert.Throws<FileDescriptorStoreException>(() => store.Store("two", two.Handle)).Refusal);
            Assert.Equal(StoreRefusal.Full, Assert.Throws<FileDescriptorStoreException>(() => store.Store("one", two.Handle)).Refusal);
            Assert.Equal(messages, _manager.Messages);
            store.Remove("one");
            Assert.Equal(StoreProof.Proven, store.Store("two", two.Handle));
        }

        Assert.Equal(["two"], _manager.Names);
    }

    [Fact]
    public void StoreThatIsFullOfOthers_IsSeen()
    {
        _manager.Start(out FileDescriptorStore store);
        using (store)
        {
            _manager.Capacity = 0;
            using Memfd file = Written("x");
            FileDescriptorStoreException error = Assert.Throws<FileDescriptorStoreException>(() => store.Store("cache", file.Handle));
            Assert.Equal(StoreRefusal.NotKept, error.Refusal);
            Assert.Contains("NotifyAccess", error.Message, StringComparison.Ordinal);
            Assert.Null(store.IsKept("cache"));
        }
    }

    [Fact]
    public void WhatIsNoMemfd_IsProvenByAPipe_WhichIsNotLeftBehind()
    {
        _manager.Start(out FileDescriptorStore store);
        using (store)
        using (Pipe pipe = Pipe.Open(Kernel.Linux))
        using (Pipe second = Pipe.Open(Kernel.Linux))
        {
            Assert.Equal(StoreProof.Proven, store.Store("pipe", pipe.ReadEnd));
            store.Barrier();
            Assert.Equal(["pipe"], _manager.Names);
            Assert.Equal(StoreProof.Proven, store.Store("pipe", second.ReadEnd));
            store.Barrier();
            Assert.Equal(["pipe~2"], _manager.Names);
            _manager.Fault = static (_, _) => MessageFault.Drop;
            Assert.Equal(
                StoreRefusal.NotKept, Assert.Throws<FileDescriptorStoreException>(() => store.Store("other", pipe.ReadEnd)).Refusal);
        }
    }

    [Fact]
    public async Task Barrier_WithoutAnswer_IsATimeout()
    {
        _manager.Fault = static (_, _) => MessageFault.Delay;
        _manager.Start(out FileDescriptorStore store);
        using (store)
        {
            Assert.Throws<TimeoutException>(() => store.Barrier(TimeSpan.FromMilliseconds(1)));
            using var source = new CancellationTokenSource();
            Task waiting = store.BarrierAsync(Timeout.InfiniteTimeSpan, source.Token);
            await source.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        }
    }

    [Fact]
    public void Store_ThatWasAnsweredLate_IsNotThereTwice()
    {
        _manager.Fault = static (_, _) => MessageFault.Delay;
        _manager.Start(out FileDescriptorStore store);
        using (store)
        using (Memfd file = Written("x"))
        {
            Assert.Throws<TimeoutException>(() => store.Store("cache", file.Handle, TimeSpan.FromMilliseconds(1)));
            Assert.Equal(["cache"], store.Names);
            _manager.Fault = static (_, _) => MessageFault.None;
            _manager.Settle();
            _manager.GoOn();
            Assert.Equal(StoreProof.Proven, store.Store("cache", file.Handle));
        }

        Assert.Equal(["cache"], _manager.Names);
    }

    [Fact]
    public void NobodyReadsTheSocket_IsSaid()
    {
        var environment = new ServiceEnvironment { NotifySocket = "@luointerop-nobody", FdStore = "3" };
        Assert.True(FileDescriptorStore.TryOpen(Kernel.Linux, environment, out FileDescriptorStore? store, out _));
        using (store)
        using (Memfd file = Written("x"))
        {
            KernelException error = Assert.Throws<KernelException>(() => store.Store("cache", file.Handle));
            Assert.Equal(Errno.ECONNREFUSED, error.Errno);
            Assert.Null(store.IsKept("cache"));
        }

        environment = new ServiceEnvironment { NotifySocket = "/nowhere/notify", FdStore = "3" };
        Assert.True(FileDescriptorStore.TryOpen(Kernel.Linux, environment, out store, out _));
        using (store)
        {
            Assert.Equal(Errno.ENOENT, Assert.Throws<KernelException>(() => store.Barrier()).Errno);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("a:b")]
    [InlineData("a\nb")]
    [InlineData("é")]
    [InlineData("cache~2")]
    public void Name_ThatSystemdWouldNotTake_IsRefused(string name)
    {
        _manager.Start(out FileDescriptorStore store);
        using (store)
        using (Memfd file = Written("x"))
        {
            Assert.Throws<ArgumentException>(() => store.Store(name, file.Handle));
            Assert.Throws<ArgumentException>(() => store.Store(new string('n', 235), file.Handle));
            Assert.Equal(StoreProof.Proven, store.Store(new string('n', 234), file.Handle));
        }
    }

    internal static Memfd Written(string text)
    {
        Memfd file = Memfd.Create(Kernel.Linux, "test");
        file.Write(0, Encoding.ASCII.GetBytes(text));
        return file;
    }

    internal static string Text(Memfd file)
    {
        byte[] bytes = new byte[file.Size];
        return Encoding.ASCII.GetString(bytes, 0, file.Read(0, bytes));
    }
}

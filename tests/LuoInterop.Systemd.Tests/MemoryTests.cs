using LuoInterop.Systemd.Memory;
using Xunit;

namespace LuoInterop.Systemd.Tests;

public sealed class MemoryTests : IDisposable
{
    private const long Size = 1 << 20;
    private static readonly Guid s_boot = Guid.NewGuid();

    private readonly FakeServiceManager _manager = new(3);

    public void Dispose() => _manager.Dispose();

    [Fact]
    public void FirstStart_IsNew_AndStoredAtOnce()
    {
        using Run run = Open();
        Assert.Equal((MemoryOrigin.New, MemoryIntegrity.New), (run.Memory.Origin, run.Memory.Integrity));
        Assert.Equal((Size, 0L), (run.Memory.Length, run.Memory.PreviousLength));
        Assert.True(run.Memory.IsKept, run.Memory.WhyNotKept);
        Assert.Equal(["cache"], _manager.Names);
        Assert.Equal(-1, run.Memory.GetSpan(0, (int)Size).IndexOfAnyExcept((byte)0));
    }

    [Fact]
    public void Restart_Crash_LiveUpdate_AreTold_AndEveryByteIsThere()
    {
        Write(close: true);
        Expect(MemoryOrigin.Restart, MemoryIntegrity.Verified, s_boot, openings: 2);
        Expect(MemoryOrigin.Crash, MemoryIntegrity.Unfinished, s_boot, openings: 3, close: true);
        Expect(MemoryOrigin.LiveUpdate, MemoryIntegrity.Verified, Guid.NewGuid(), openings: 4);
    }

    [Fact]
    public void WriteAfterClose_IsFoundAsDamage()
    {
        using (Run run = Open())
        {
            run.Memory.Close();
            run.Memory.GetSpan(Size - 1, 1)[0] = 1;
        }

        using Run next = Open();
        Assert.Equal((MemoryOrigin.Restart, MemoryIntegrity.Damaged), (next.Memory.Origin, next.Memory.Integrity));
        Assert.False(next.Memory.IsWhole);
    }

    [Fact]
    public void NotWhole_IsErasedOrRefused_AsTheOptionsSay()
    {
        Write(close: false);
        FileDescriptorStoreAnd(store =>
        {
            var options = new PersistentMemoryOptions { Size = Size, WhenNotWhole = MemoryAction.Refuse };
            PersistentMemoryException error = Assert.Throws<PersistentMemoryException>(
                () => PersistentMemory.Open(Kernel.Linux, store, null, "cache", options, s_boot));
            Assert.Equal(MemoryRefusal.NotWhole, error.Refusal);
        });
        Assert.Equal(["cache"], _manager.Names);
        using Run run = Open(static options => options.WhenNotWhole = MemoryAction.StartNew);
        Assert.Equal(MemoryOrigin.New, run.Memory.Origin);
        Assert.NotNull(run.Memory.Erased);
        Assert.Equal(0, run.Memory.GetSpan(0, 1)[0]);
        Assert.Equal(["cache"], _manager.Names);
    }

    [Fact]
    public void OtherDataVersion_IsRefused_AndStays_OrIsErased()
    {
        Write(close: true);
        Assert.Equal(MemoryRefusal.OtherDataVersion, Refusal(static options => options.DataVersion = 2));
        Expect(MemoryOrigin.Restart, MemoryIntegrity.Verified, s_boot, openings: 2, close: true);
        using Run run = Open(static options => (options.DataVersion, options.WhenLayoutDiffers) = (2, MemoryAction.StartNew));
        Assert.Equal(MemoryOrigin.New, run.Memory.Origin);
        Assert.Contains("data version 1", run.Memory.Erased, StringComparison.Ordinal);
    }

    [Fact]
    public void LargerSize_Grows_SmallerIsRefused()
    {
        Write(close: true);
        Assert.Equal(MemoryRefusal.Larger, Refusal(static options => options.Size = Size / 2));
        using (Run run = Open(static options => options.Size = 2 * Size))
        {
            Assert.Equal((2 * Size, Size, MemoryIntegrity.Verified), (run.Memory.Length, run.Memory.PreviousLength, run.Memory.Integrity));
            Assert.Equal(7, run.Memory.GetSpan(Size - 1, 1)[0]);
            Assert.Equal(0, run.Memory.GetSpan((2 * Size) - 1, 1)[0]);
            run.Memory.Close();
        }

        using Run next = Open(static options => options.Size = 2 * Size);
        Assert.Equal((2 * Size, true), (next.Memory.PreviousLength, next.Memory.IsWhole));
    }

    [Fact]
    public void NewerFormat_IsRefused_WhateverTheOptionsSay_AndStays()
    {
        Write(close: true);
        Poke(8, [2, 0, 0, 0]);
        Assert.Equal(MemoryRefusal.NewerFormat, Refusal(static options =>
            (options.WhenNotWhole, options.WhenLayoutDiffers) = (MemoryAction.StartNew, MemoryAction.StartNew)));
        Poke(8, [1, 0, 0, 0]);
        Expect(MemoryOrigin.Restart, MemoryIntegrity.Verified, s_boot, openings: 2);
    }

    [Fact]
    public void ForeignBytes_AndADamagedHeader_AreRefused()
    {
        Write(close: true);
        Poke(16, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
        Assert.Equal(MemoryRefusal.DamagedHeader, Refusal(static _ => { }));
        Poke(0, "FOREIGN!"u8.ToArray());
        Assert.Equal(MemoryRefusal.NotAMemory, Refusal(static options => options.WhenNotWhole = MemoryAction.StartNew));
        Assert.Equal(["cache"], _manager.Names);
    }

    [Fact]
    public void BlankFile_OfAProcessThatEndedBeforeItWrote_IsNew()
    {
        FileDescriptorStoreAnd(static store =>
        {
            using Memfd file = Memfd.Create(Kernel.Linux, "test", 4096);
            store.Store("cache", file.Handle);
        });
        using Run run = Open();
        Assert.Equal((MemoryOrigin.New, null), (run.Memory.Origin, run.Memory.Erased));
    }

    [Fact]
    public void StateThatWasCutInTheMiddle_LeavesTheOneBefore()
    {
        Write(close: true);

        // The third state is the one of this opening; it is cut.
        Open().Dispose();
        Poke(MemoryHeader.SecondState + 30, [0xAA]);
        Expect(MemoryOrigin.Restart, MemoryIntegrity.Verified, s_boot, openings: 2);
    }

    [Fact]
    public void WithoutAStore_ItIsOrdinaryMemory_UnlessOneIsRequired()
    {
        var why = new FileDescriptorStoreException(StoreRefusal.NoServiceManager, "Nobody.");
        using (PersistentMemory memory = PersistentMemory.Open(
            Kernel.Linux, null, why, "cache", new PersistentMemoryOptions { Size = Size }, s_boot))
        {
            Assert.Equal((false, "Nobody.", MemoryOrigin.New), (memory.IsKept, memory.WhyNotKept, memory.Origin));
            memory.Close();
            memory.Close();
        }

        PersistentMemoryException error = Assert.Throws<PersistentMemoryException>(() => PersistentMemory.Open(
            Kernel.Linux, null, why, "cache", new PersistentMemoryOptions { Size = Size, RequireStore = true }, s_boot));
        Assert.Equal(MemoryRefusal.NotKept, error.Refusal);
    }

    [Fact]
    public void SystemdThatKeepsNothing_IsToldAtTheStart_AndTriedAgainAtTheStop()
    {
        _manager.Fault = static (_, _) => MessageFault.Drop;
        using Run run = Open();
        Assert.Contains("NotifyAccess", run.Memory.WhyNotKept, StringComparison.Ordinal);
        _manager.Fault = static (_, _) => MessageFault.None;
        run.Memory.Close();
        Assert.True(run.Memory.IsKept);
        Assert.Equal(["cache"], _manager.Names);
    }

    [Fact]
    public void ClosingALargeEmptyMemory_UsesNoMemory()
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "test", 1L << 28);
        DataChecksum.Of(file, 0, 1L << 28);
        Assert.Equal(0, file.Status.Blocks);
    }

    private static void Fill(PersistentMemory memory) => memory.GetSpan(0, (int)Size).Fill(7);

    private Run Open(Action<PersistentMemoryOptions>? configure = null, Guid? boot = null)
    {
        var options = new PersistentMemoryOptions { Size = Size };
        configure?.Invoke(options);
        _manager.Start(out FileDescriptorStore store);
        return new Run(store, PersistentMemory.Open(Kernel.Linux, store, null, "cache", options, boot ?? s_boot));
    }

    private void Write(bool close)
    {
        using Run run = Open();
        Fill(run.Memory);
        if (close)
        {
            run.Memory.Close();
        }
    }

    private void Expect(MemoryOrigin origin, MemoryIntegrity integrity, Guid boot, int openings, bool close = false)
    {
        using Run run = Open(null, boot);
        Assert.Equal((origin, integrity, Size), (run.Memory.Origin, run.Memory.Integrity, run.Memory.PreviousLength));
        Assert.Equal(openings, run.Memory.Openings);
        Assert.Equal(-1, run.Memory.GetSpan(0, (int)Size).IndexOfAnyExcept((byte)7));
        if (close)
        {
            run.Memory.Close();
        }
    }

    private MemoryRefusal Refusal(Action<PersistentMemoryOptions> configure)
    {
        MemoryRefusal refusal = default;
        FileDescriptorStoreAnd(store =>
        {
            var options = new PersistentMemoryOptions { Size = Size };
            configure(options);
            refusal = Assert.Throws<PersistentMemoryException>(
                () => PersistentMemory.Open(Kernel.Linux, store, null, "cache", options, s_boot)).Refusal;
            Assert.False(Assert.Single(store.Received).IsTaken);
        });
        return refusal;
    }

    private void Poke(long offset, byte[] bytes) => FileDescriptorStoreAnd(store =>
    {
        using var file = new Memfd(store.Received.Take("cache"));
        file.Write(offset, bytes);
    });

    private void FileDescriptorStoreAnd(Action<FileDescriptorStore> act)
    {
        _manager.Start(out FileDescriptorStore store);
        using (store)
        {
            act(store);
        }
    }

    private sealed record Run(FileDescriptorStore Store, PersistentMemory Memory) : IDisposable
    {
        public void Dispose()
        {
            Memory.Dispose();
            Store.Dispose();
        }
    }
}

using LuoInterop.Emulation;
using LuoInterop.Tests.Support;

namespace LuoInterop.Tests.Updates;

/// <summary>Proves that long steps tell how far they are, wait for the device, and can be ended without loss.</summary>
public sealed class AsyncUpdateTests : IDisposable
{
    private const long Size = 200 << 20;

    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public async Task PreserveAsync_TellsHowFarItIs_AndAllocatesAll()
    {
        using LiveUpdate update = Open();
        using Memfd ram = Memfd.Create(_machine.Kernel, "ram", Size);
        var seen = new Progress();
        await update.PreserveAsync("ram", ram, progress: seen);
        Assert.Equal([64L << 20, 128L << 20, 192L << 20, Size], seen.All.Select(static step => step.Done));
        Assert.All(seen.All, static step => Assert.Equal((LiveUpdateStep.Populate, "ram", Size), (step.Step, step.Name, step.Total)));
        Assert.True(ram.Status.Blocks * 512 >= Size);
        update.Abort();
    }

    [Fact]
    public async Task PreserveAsync_Cancelled_PreservesNothing()
    {
        using LiveUpdate update = Open();
        using Memfd ram = Memfd.Create(_machine.Kernel, "ram", Size);
        using var cancellation = new CancellationTokenSource();
        var seen = new Progress(_ => cancellation.Cancel());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            update.PreserveAsync("ram", ram, progress: seen, cancellation: cancellation.Token));
        Assert.Single(seen.All);
        Assert.Null(update.Outgoing);
        ram.SetSize(0);
    }

    [Fact]
    public async Task EveryWait_ForTheDevice_EndsWhenItIsFreeAndWhenItIsCancelled()
    {
        using LiveUpdate update = Open();
        using Memfd ram = _machine.FileOf("ram");
        using var cancellation = new CancellationTokenSource();
        LiveUpdateDevice device = LiveUpdateDevice.Open(_machine.Kernel);
        Task<LiveUpdate> opening = LiveUpdate.OpenAsync(_machine.Kernel, "other");
        Task preserving = update.PreserveAsync("ram", ram);
        Task cancelled = update.PreserveAsync("cancelled", ram, cancellation: cancellation.Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.False(opening.IsCompleted);
        Assert.False(preserving.IsCompleted);
        device.Dispose();
        (await opening).Dispose();
        await preserving;
        update.Abort();
    }

    [Fact]
    public async Task HandoverAsync_DeviceHeldByAnotherProcess_WaitsAndThenJumps()
    {
        LiveUpdate update = Open();
        update.PreserveBytes("state", "x"u8);
        KexecImage image = _machine.Load();
        LiveUpdateDevice device = LiveUpdateDevice.Open(((EmulatedProcess)_machine.Kernel.Inner).StartProcess());
        using var cancellation = new CancellationTokenSource();
        Task cancelled = update.HandoverAsync(image, cancellation: cancellation.Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.False(update.Outgoing!.IsHeld);
        Task jump = update.HandoverAsync(image);
        Assert.False(jump.IsCompleted);
        device.Dispose();
        await Assert.ThrowsAsync<EmulatedKexecException>(() => jump);
        update.Dispose();
        _machine.Boot();
        using LiveUpdate next = Open();
        Assert.Equal("x"u8, next.RetrieveBytes("state"));
        next.Finish();
    }

    [Fact]
    public async Task HandoverAsync_RefusalThatDoesNotPass_IsThrownAtOnce()
    {
        using LiveUpdate update = Open();
        update.PreserveBytes("state", "x"u8);
        KexecImage image = _machine.Load();
        KexecImage.Unload(_machine.Kernel);
        Assert.Equal(Errno.EINVAL, (await Assert.ThrowsAsync<KernelException>(() => update.HandoverAsync(image))).Errno);
        update.Abort();
    }

    [Fact]
    public async Task Checksum_RecordedAndVerified_TellsTheDamageToo()
    {
        LiveUpdate update = Open();
        using Memfd good = _machine.FileOf(new string('g', 3 << 20));
        using Memfd changed = _machine.FileOf("changed");
        using Memfd bare = _machine.FileOf("bare");
        update.Preserve("good", good).Preserve("changed", changed).Preserve("bare", bare).PreserveBytes("state", "x"u8);
        var seen = new Progress();
        await update.RecordChecksumAsync("good", good, seen);
        Assert.Equal([1L << 20, 2L << 20, 3L << 20], seen.All.Select(static step => step.Done));
        await update.RecordChecksumAsync("changed", changed);
        await Assert.ThrowsAsync<ArgumentException>(() => update.RecordChecksumAsync("none", good));
        await Assert.ThrowsAsync<ArgumentException>(() => update.RecordChecksumAsync("state", good));
        changed.Write(0, "CHANGED"u8);
        KexecImage image = _machine.Load();
        Assert.Throws<EmulatedKexecException>(() => update.Handover(image));
        update.Dispose();
        _machine.Boot();

        using LiveUpdate next = Open();
        using Memfd restored = next.RetrieveMemfd("good");
        seen = new Progress();
        await next.VerifyAsync("good", restored, seen);
        Assert.Equal(
            (LiveUpdateStep.Verify, "good", 3L << 20, 3L << 20),
            (seen.All[^1].Step, seen.All[^1].Name, seen.All[^1].Done, seen.All[^1].Total));
        using Memfd other = next.RetrieveMemfd("changed");
        Assert.Equal(
            SessionCatalogueFault.ContentMismatch,
            (await Assert.ThrowsAsync<SessionCatalogueException>(() => next.VerifyAsync("changed", other))).Fault);
        Assert.Equal(
            SessionCatalogueFault.NoEntry,
            (await Assert.ThrowsAsync<SessionCatalogueException>(() => next.VerifyAsync("bare", other))).Fault);
        next.Finish();
    }

    private LiveUpdate Open() => LiveUpdate.Open(_machine.Kernel, "async");

    /// <summary>Keeps what is reported, in order.</summary>
    private sealed class Progress(Action<LiveUpdateProgress>? also = null) : IProgress<LiveUpdateProgress>
    {
        public List<LiveUpdateProgress> All { get; } = [];

        public void Report(LiveUpdateProgress value)
        {
            All.Add(value);
            also?.Invoke(value);
        }
    }
}

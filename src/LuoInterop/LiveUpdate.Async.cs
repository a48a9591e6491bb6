namespace LuoInterop;

public sealed partial class LiveUpdate
{
    /// <summary>Allocated in one call: small enough to be cancelled soon, and to show progress.</summary>
    private const long PopulateUnit = 64L << 20;

    private static readonly TimeSpan s_firstWait = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(1);

    /// <summary>Opens an update, and waits while another process has the device.</summary>
    /// <param name="kernel">The kernel to ask.</param>
    /// <param name="name">The update's name.</param>
    /// <param name="devicePath">The device node.</param>
    /// <param name="cancellation">Ends the waiting; nothing has changed then.</param>
    /// <exception cref="OperationCanceledException">The waiting was ended.</exception>
    /// <inheritdoc cref="Open(Kernel, string, string)"/>
    public static Task<LiveUpdate> OpenAsync(
        Kernel kernel, string name, string devicePath = LiveUpdateDevice.DefaultPath, CancellationToken cancellation = default) =>
        WhileBusyAsync(() => Open(kernel, name, devicePath), cancellation);

    /// <summary>Allocates a memfd's missing pages, a part at a time, and preserves it under a name. Waits while another process
    /// has the device.</summary>
    /// <param name="name">A name that nothing else has.</param>
    /// <param name="file">The memfd. It stays the caller's; other threads may use it meanwhile.</param>
    /// <param name="options">What to let pass.</param>
    /// <param name="progress">Is told how far the allocation is (<see cref="LiveUpdateStep.Populate"/>).</param>
    /// <param name="cancellation">Ends it before the file is preserved; what was allocated stays.</param>
    /// <exception cref="OperationCanceledException">It was ended early.</exception>
    /// <exception cref="KernelException">As <see cref="Preserve"/>, without EBUSY of the device; ENOSPC, ENOMEM: not enough
    /// memory.</exception>
    public async Task PreserveAsync(
        string name,
        Memfd file,
        PreserveOptions options = PreserveOptions.None,
        IProgress<LiveUpdateProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        await Task.Run(() => Populate(name, file, progress, cancellation), cancellation).ConfigureAwait(false);
        await WhileBusyAsync(() => Preserve(name, file, options), cancellation).ConfigureAwait(false);
    }

    /// <summary>Records a checksum of a preserved memfd, whose content must not change from now on: <see cref="VerifyAsync"/>
    /// checks it in the next kernel.</summary>
    /// <param name="name">The name under which the memfd is preserved.</param>
    /// <param name="file">The memfd.</param>
    /// <param name="progress">Is told how far it is (<see cref="LiveUpdateStep.Checksum"/>).</param>
    /// <param name="cancellation">Ends it early; no checksum is recorded then.</param>
    /// <exception cref="ArgumentException">No memfd is preserved under this name.</exception>
    /// <exception cref="OperationCanceledException">It was ended early.</exception>
    public async Task RecordChecksumAsync(
        string name, Memfd file, IProgress<LiveUpdateProgress>? progress = null, CancellationToken cancellation = default)
    {
        string checksum = await ChecksumAsync(LiveUpdateStep.Checksum, name, file, progress, cancellation).ConfigureAwait(false);
        lock (_lock)
        {
            SessionCatalogue catalogue = _preserved ?? throw new ArgumentException($"The update \"{Name}\" preserves "
                + "nothing.", nameof(name));
            catalogue.Record(name, checksum);
            catalogue.Commit(CatalogueRoom);
        }
    }

    /// <summary>Checks a retrieved memfd's content against the checksum that was recorded in the previous kernel.</summary>
    /// <param name="name">The name under which the memfd was preserved.</param>
    /// <param name="file">The retrieved memfd, not yet changed.</param>
    /// <param name="progress">Is told how far it is (<see cref="LiveUpdateStep.Verify"/>).</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <exception cref="SessionCatalogueException">ContentMismatch: the content is not the recorded one; NoEntry: there is no such
    /// name, or no checksum of it.</exception>
    /// <exception cref="InvalidOperationException">Nothing was resumed, or it is finished.</exception>
    /// <exception cref="OperationCanceledException">It was ended early.</exception>
    public async Task VerifyAsync(
        string name, Memfd file, IProgress<LiveUpdateProgress>? progress = null, CancellationToken cancellation = default)
    {
        SessionCatalogue catalogue;
        lock (_lock)
        {
            catalogue = Catalogue();
            catalogue.MustHaveChecksum(name);
        }

        catalogue.Verify(name, await ChecksumAsync(LiveUpdateStep.Verify, name, file, progress, cancellation).ConfigureAwait(false));
    }

    /// <summary>Starts the next kernel as <see cref="Handover"/> does, and waits while a refusal can pass: another process has the
    /// device, another kexec operation runs.</summary>
    /// <param name="image">The next kernel.</param>
    /// <param name="options">What the jump may let pass.</param>
    /// <param name="cancellation">Ends the waiting before the point of no return; everything is as before then.</param>
    /// <returns>A task that ends only by an exception.</returns>
    /// <exception cref="OperationCanceledException">The waiting was ended.</exception>
    /// <exception cref="InvalidOperationException">As <see cref="Handover"/>.</exception>
    /// <exception cref="KernelException">As <see cref="Handover"/>, for a refusal that does not pass by itself.</exception>
    public Task HandoverAsync(
        KexecImage image, KexecRebootOptions options = KexecRebootOptions.None, CancellationToken cancellation = default) =>
        WhileBusyAsync<bool>(() => { Handover(image, options); return true; }, cancellation);

    private static void Populate(string name, Memfd file, IProgress<LiveUpdateProgress>? progress, CancellationToken cancellation)
    {
        long size = file.Size;
        for (long done = 0; done < size;)
        {
            cancellation.ThrowIfCancellationRequested();
            long length = Math.Min(PopulateUnit, size - done);
            file.Allocate(done, length);
            done += length;
            progress?.Report(new LiveUpdateProgress(LiveUpdateStep.Populate, name, done, size));
        }
    }

    private static Task<string> ChecksumAsync(
        LiveUpdateStep step, string name, Memfd file, IProgress<LiveUpdateProgress>? progress, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(file);
        long size = file.Size;
        IProgress<long>? bytes = progress is null ? null : new Steps(progress, step, name, size);
        return Task.Run(() => MemfdChecksum.Sha256(file, bytes, cancellation), cancellation);
    }

    private static async Task<T> WhileBusyAsync<T>(Func<T> call, CancellationToken cancellation)
    {
        for (TimeSpan wait = s_firstWait; ; wait = wait * 2 < s_longestWait ? wait * 2 : s_longestWait)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                return call();
            }
            catch (KernelException error) when (error.Errno == Errno.EBUSY && (error.Operation is Operation.OpenDevice or Operation.Reboot))
            {
                await Task.Delay(wait, cancellation).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Says of bytes which step and file they belong to, at once and in order.</summary>
    private sealed class Steps(IProgress<LiveUpdateProgress> inner, LiveUpdateStep step, string name, long total) : IProgress<long>
    {
        public void Report(long value) => inner.Report(new LiveUpdateProgress(step, name, value, total));
    }
}

using System.Diagnostics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LuoInterop.Systemd.Hosting;

/// <summary>Opens a host's memories, and closes them when all of its services have stopped.</summary>
internal sealed class PersistentMemoryHost(
    StoreSource source,
    IEnumerable<PersistentMemoryRegistration> registrations,
    IOptionsMonitor<PersistentMemoryOptions> options,
    ILogger<PersistentMemory> logger,
    IServiceProvider services) : IHostedLifecycleService, IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, PersistentMemory> _open = [];
    private readonly string[] _names = [.. registrations.Select(static one => one.Name)];
    private readonly PersistentMemoryMetrics _metrics = new(services);

    /// <summary>Gets the names of all memories.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>Gives a memory, which is opened when it is first asked for.</summary>
    public PersistentMemory Get(string name)
    {
        lock (_lock)
        {
            if (_open.TryGetValue(name, out PersistentMemory? memory))
            {
                return memory;
            }

            FileDescriptorStore? store = source.Open(out FileDescriptorStoreException? whyNot);
            memory = PersistentMemory.Open(store?.Kernel ?? source.Kernel, store, whyNot, name, options.Get(name), source.BootId);
            _open.Add(name, memory);
            Report(memory);
            return memory;
        }
    }

    /// <summary>Gives the memory of a host that has one.</summary>
    public PersistentMemory GetOnly() => _names.Length == 1 ? Get(_names[0]) : throw new InvalidOperationException(
        $"The host has {_names.Length} memories: {string.Join(", ", _names)}. "
            + $"Ask for one by its key: [FromKeyedServices(\"{_names[0]}\")].");

    /// <summary>Gives a memory that was opened; null where it was not.</summary>
    public PersistentMemory? Find(string name)
    {
        lock (_lock)
        {
            return _open.GetValueOrDefault(name);
        }
    }

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        foreach (string name in _names)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Get(name);
        }

        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Closes every memory, also where the time that the host has is over: what is not closed counts as crashed.</summary>
    public Task StoppedAsync(CancellationToken cancellationToken)
    {
        PersistentMemory[] all;
        lock (_lock)
        {
            all = [.. _open.Values];
        }

        List<Exception> errors = [];
        foreach (PersistentMemory memory in all)
        {
            // What never was kept was told at the start, and does not fail the stop as well.
            bool wasKept = memory.WasKept;
            try
            {
                long start = Stopwatch.GetTimestamp();
                memory.Close();
                TimeSpan duration = Stopwatch.GetElapsedTime(start);
                _metrics.Closed(memory, duration);
                if (memory.WhyNotKept is { } why)
                {
                    logger.Ended(memory.Name, why);
                }
                else
                {
                    logger.Closed(memory.Name, memory.Length, duration.TotalMilliseconds);
                }
            }
            catch (Exception error) when (error is IOException or TimeoutException)
            {
                if (wasKept)
                {
                    logger.NotClosed(error, memory.Name, error.Message);
                    errors.Add(error);
                }
                else
                {
                    logger.Ended(memory.Name, error.Message);
                }
            }
        }

        return errors.Count == 0 ? Task.CompletedTask : Task.FromException(new AggregateException(errors));
    }

    public void Dispose()
    {
        _metrics.Dispose();
        lock (_lock)
        {
            foreach (PersistentMemory memory in _open.Values)
            {
                memory.Dispose();
            }
        }
    }

    private void Report(PersistentMemory memory)
    {
        _metrics.Opened(memory);
        double milliseconds = memory.OpenDuration.TotalMilliseconds;
        if (memory.Erased is { } reason)
        {
            logger.Erased(memory.Name, reason);
        }

        if (memory.Origin == MemoryOrigin.New)
        {
            logger.New(memory.Name, memory.Length, milliseconds);
        }
        else
        {
            logger.CameBack(memory.Name, memory.PreviousLength, memory.Origin, memory.Integrity, milliseconds);
        }

        if (memory.WhyNotKept is { } why)
        {
            logger.NotKept(memory.Name, why);
        }
    }
}

using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using LuoInterop.Systemd.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Xunit;

namespace LuoInterop.Systemd.Tests;

/// <summary>Holds what a host says of its memories: the log's sentences, their numbers and levels, and the measures.</summary>
public sealed class HostReportTests : IDisposable
{
    private const long Size = 4096;

    private readonly FakeServiceManager _manager = new(1);

    public void Dispose() => _manager.Dispose();

    [Fact]
    public async Task Log_SaysWhatCameBack_AndWhatWasClosed()
    {
        Assert.Equal(
            ["Information 1 Memory cache: new, 4096 bytes (# ms).", "Information 5 Memory cache: 4096 bytes closed and kept (# ms)."],
            (await Run()).Log);
        Assert.Equal(
            [
                "Information 2 Memory cache: 4096 bytes came back from Restart, Verified (# ms).",
                "Information 5 Memory cache: 4096 bytes closed and kept (# ms).",
            ],
            (await Run()).Log);
        Assert.Equal(
            [
                "Warning 3 Memory cache: what was kept is erased, as the options say: it has data version 1, and the application 2.",
                "Information 1 Memory cache: new, 4096 bytes (# ms).",
                "Information 5 Memory cache: 4096 bytes closed and kept (# ms).",
            ],
            (await Run(static options => (options.DataVersion, options.WhenLayoutDiffers) = (2, MemoryAction.StartNew))).Log);
    }

    [Fact]
    public async Task Log_OfAServiceWithoutAStore_WarnsAtTheStartAndAtTheStop_AndTheStopSucceeds()
    {
        string[] log = (await Run(source: new HostSource(null))).Log;
        Assert.Equal(3, log.Length);
        Assert.StartsWith(
            "Warning 4 Memory cache will not be kept when the service ends. There is no descriptor store: NOTIFY_SOCKET",
            log[1],
            StringComparison.Ordinal);
        Assert.StartsWith("Warning 7 Memory cache ends here: it was not kept. There is no", log[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Log_OfAServiceWhoseMessagesAreDropped_IsTheSame()
    {
        _manager.Fault = static (_, _) => MessageFault.Drop;
        string[] log = (await Run()).Log;
        Assert.Equal(3, log.Length);
        Assert.StartsWith("Warning 4 Memory cache will not be kept", log[1], StringComparison.Ordinal);
        Assert.Contains("NotifyAccess= excludes", log[1], StringComparison.Ordinal);
        Assert.StartsWith("Warning 7 Memory cache ends here: it was not kept. systemd read", log[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Log_OfAMemoryThatWasKeptAndCannotBeAtTheStop_IsAnError_AndTheStopFails()
    {
        var reports = new Reports();
        using IHost host = Build(reports, new HostSource(_manager), null);
        await host.StartAsync();

        // Emptied from outside, and what is sent then is dropped.
        new Store.NotifySocket(Kernel.Linux, _manager.Address).Send(
            "FDSTOREREMOVE=1\nFDNAME=cache", null, Store.Deadline.In(Timeout.InfiniteTimeSpan));
        _manager.Settle();
        _manager.Fault = static (_, _) => MessageFault.Drop;
        await Assert.ThrowsAsync<AggregateException>(() => host.StopAsync());
        string last = reports.Log[^1];
        Assert.StartsWith("Error 6 Memory cache was not kept at the stop. systemd read the message", last, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Measures_HaveTheirUnitsAndTags()
    {
        Reports first = await Run();
        Assert.Equal(
            [
                "luointerop.memory.open.duration s integrity=New name=cache origin=New",
                "luointerop.memory.size By kept=True name=cache",
                "luointerop.memory.close.duration s name=cache",
            ],
            first.Measures.Select(static one => one.Words));
        Assert.Equal(Size, first.Measures.Single(static one => one.Words.Contains("size", StringComparison.Ordinal)).Value);
        Assert.All(first.Measures, static one => Assert.True(one.Value > 0, one.Words));
        Assert.Contains(
            "luointerop.memory.open.duration s integrity=Verified name=cache origin=Restart",
            (await Run()).Measures.Select(static one => one.Words));
        Assert.Contains(
            "luointerop.memory.size By kept=False name=cache",
            (await Run(source: new HostSource(null))).Measures.Select(static one => one.Words));
    }

    private static IHost Build(Reports reports, StoreSource source, Action<PersistentMemoryOptions>? configure)
    {
        HostApplicationBuilder builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders().AddProvider(reports);
        builder.Services.AddPersistentMemory("cache", Size, configure);
        builder.Services.Replace(ServiceDescriptor.Singleton(source));
        IHost host = builder.Build();
        reports.Listen(host.Services.GetRequiredService<IMeterFactory>());
        return host;
    }

    private async Task<Reports> Run(Action<PersistentMemoryOptions>? configure = null, HostSource? source = null)
    {
        var reports = new Reports();
        source ??= new HostSource(_manager);
        using (IHost host = Build(reports, source, configure))
        {
            await host.StartAsync();
            await host.StopAsync();
        }

        source.Store?.Dispose();
        return reports;
    }

    /// <summary>Keeps what one host logs of its memories, and measures.</summary>
    private sealed class Reports : ILoggerProvider
    {
        private readonly ConcurrentQueue<string> _log = [];
        private readonly ConcurrentQueue<(string Words, double Value)> _measures = [];
        private readonly MeterListener _listener = new();

        public string[] Log => [.. _log];

        public (string Words, double Value)[] Measures => [.. _measures];

        public void Listen(IMeterFactory factory)
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == PersistentMemoryMetrics.MeterName && ReferenceEquals(instrument.Meter.Scope, factory))
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Keep(instrument, value, tags));
            _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Keep(instrument, value, tags));
            _listener.Start();
        }

        public ILogger CreateLogger(string categoryName) => new Logger(_log, categoryName == typeof(PersistentMemory).FullName);

        public void Dispose() => _listener.Dispose();

        private void Keep(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) => _measures.Enqueue((
            $"{instrument.Name} {instrument.Unit} "
                + string.Join(' ', tags.ToArray().Select(static tag => $"{tag.Key}={tag.Value}").Order(StringComparer.Ordinal)),
            value));
    }

    private sealed class Logger(ConcurrentQueue<string> log, bool isOfMemories) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => isOfMemories;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (isOfMemories)
            {
                string text = System.Text.RegularExpressions.Regex.Replace(formatter(state, exception), @"\([0-9.]+ ms\)", "(# ms)");
                log.Enqueue($"{logLevel} {eventId.Id} {text}");
            }
        }
    }
}

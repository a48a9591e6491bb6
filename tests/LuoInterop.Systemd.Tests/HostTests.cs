using LuoInterop.Systemd.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Xunit;

namespace LuoInterop.Systemd.Tests;

public sealed class HostTests : IDisposable
{
    private readonly FakeServiceManager _manager = new(3);

    public void Dispose() => _manager.Dispose();

    [Fact]
    public async Task Host_KeepsTheMemoryOverARestart_AndClosesItAfterTheLastWriter()
    {
        await Run(static (memory, writer) => Assert.Equal(MemoryOrigin.New, memory.Origin));
        await Run(static (memory, writer) =>
        {
            Assert.Equal((MemoryOrigin.Restart, true), (memory.Origin, memory.IsWhole));
            Assert.Equal(Writer.AtStop, memory.GetSpan(0, 1)[0]);
        });
    }

    [Fact]
    public async Task Health_SaysWhatIsNotKept()
    {
        using (IHost host = Build(new HostSource(_manager)))
        {
            Assert.Equal(HealthStatus.Unhealthy, (await Check(host)).Status);
            await host.StartAsync();
            Assert.Equal(HealthStatus.Healthy, (await Check(host)).Status);
            await host.StopAsync();
        }

        using (IHost host = Build(new HostSource(null)))
        {
            await host.StartAsync();
            HealthReport report = await Check(host);
            Assert.Equal(HealthStatus.Degraded, report.Status);
            Assert.Contains("NOTIFY_SOCKET", report.Entries["persistent-memory"].Description, StringComparison.Ordinal);
            await host.StopAsync();
        }
    }

    [Fact]
    public void SeveralMemories_HaveKeys()
    {
        HostApplicationBuilder builder = Host.CreateApplicationBuilder();
        builder.Services.AddPersistentMemory("one", 4096).AddPersistentMemory("two", 8192);
        builder.Services.Replace(ServiceDescriptor.Singleton<StoreSource>(new HostSource(_manager)));
        Assert.Throws<ArgumentException>(() => builder.Services.AddPersistentMemory("two", 1));
        using IHost host = builder.Build();
        Assert.Equal(4096, host.Services.GetRequiredKeyedService<PersistentMemory>("one").Length);
        Assert.Equal(8192, host.Services.GetRequiredKeyedService<PersistentMemory>("two").Length);
        Assert.Throws<InvalidOperationException>(host.Services.GetRequiredService<PersistentMemory>);
        Assert.Equal(["two", "one"], _manager.Names);
    }

    [Fact]
    public async Task RefusedMemory_FailsTheStart_AndStays()
    {
        await Run(static (_, _) => { });
        HostApplicationBuilder builder = Host.CreateApplicationBuilder();
        builder.Services.AddPersistentMemory("cache", 4096, static options => options.DataVersion = 9);
        builder.Services.Replace(ServiceDescriptor.Singleton<StoreSource>(new HostSource(_manager)));
        using (IHost host = builder.Build())
        {
            PersistentMemoryException error = await Assert.ThrowsAsync<PersistentMemoryException>(() => host.StartAsync());
            Assert.Equal(MemoryRefusal.OtherDataVersion, error.Refusal);
        }

        await Run(static (memory, _) => Assert.True(memory.IsWhole));
    }

    private static Task<HealthReport> Check(IHost host) => host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();

    private static IHost Build(StoreSource source)
    {
        HostApplicationBuilder builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddPersistentMemory("cache", 4096);
        builder.Services.AddHostedService<Writer>();
        builder.Services.AddHealthChecks().AddPersistentMemory();
        builder.Services.Replace(ServiceDescriptor.Singleton(source));
        return builder.Build();
    }

    private async Task Run(Action<PersistentMemory, Writer> look)
    {
        var source = new HostSource(_manager);
        using (IHost host = Build(source))
        {
            await host.StartAsync();
            look(
                host.Services.GetRequiredService<PersistentMemory>(),
                host.Services.GetServices<IHostedService>().OfType<Writer>().Single());
            await host.StopAsync();
        }

        source.Store?.Dispose();
    }

    /// <summary>Writes as late as a service may.</summary>
    private sealed class Writer(PersistentMemory memory) : IHostedService
    {
        public const byte AtStop = 9;

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken)
        {
            memory.GetSpan(0, 1)[0] = AtStop;
            return Task.CompletedTask;
        }
    }
}

using LuoInterop.Systemd;

HostApplicationBuilder builder = Host.CreateApplicationBuilder(args);
builder.Services.AddSystemd();                              // READY=1, STOPPING=1, the journal
builder.Services.AddPersistentMemory("cache", 4L << 30);    // 4 GiB, used as they are written
builder.Services.AddHealthChecks().AddPersistentMemory();
builder.Services.AddHostedService<Counter>();
builder.Build().Run();

sealed class Counter(PersistentMemory memory, ILogger<Counter> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        logger.LogInformation("{Origin}, whole: {IsWhole}", memory.Origin, memory.IsWhole);
        while (!stopping.IsCancellationRequested)
        {
            memory.GetSpan(0, 1)[0]++;
            await Task.Delay(1000, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}

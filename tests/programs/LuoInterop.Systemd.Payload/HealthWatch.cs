using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LuoInterop.Systemd.Payload;

/// <summary>Says what the health check of the memories says, whenever that is another thing than before.</summary>
internal sealed partial class HealthWatch(HealthCheckService health, ILogger<HealthWatch> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        string before = "";
        while (!stoppingToken.IsCancellationRequested)
        {
            HealthReport report = await health.CheckHealthAsync(stoppingToken).ConfigureAwait(false);
            string now = $"{report.Status}: {report.Entries["persistent-memory"].Description}";
            if (now != before)
            {
                Say(now);
                before = now;
            }

            await Task.Delay(250, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(LogLevel.Information, "Health {Words}")]
    private partial void Say(string words);
}

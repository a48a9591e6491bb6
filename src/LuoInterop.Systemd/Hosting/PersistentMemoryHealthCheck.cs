using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LuoInterop.Systemd.Hosting;

/// <summary>Says whether every memory is there and kept.</summary>
internal sealed class PersistentMemoryHealthCheck(PersistentMemoryHost host) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        HealthStatus status = HealthStatus.Healthy;
        List<string> sentences = [];
        var data = new Dictionary<string, object>();
        foreach (string name in host.Names)
        {
            PersistentMemory? memory = host.Find(name);
            string? why = memory is null ? "it was not opened." : memory.WhyNotKept;
            if (why is not null)
            {
                // What was kept and is not any more is worse than what never was.
                bool isLost = memory is null || memory.WasKept;
                status = isLost ? HealthStatus.Unhealthy : (HealthStatus)Math.Min((int)status, (int)HealthStatus.Degraded);
                sentences.Add($"{name}: {why}");
            }

            data[name] = memory is null ? "not opened" : $"{memory.Length} bytes, {memory.Origin}, {memory.Integrity}";
        }

        string description = sentences.Count == 0 ? "Every memory is kept." : string.Join(' ', sentences);
        return Task.FromResult(new HealthCheckResult(status, description, data: data));
    }
}

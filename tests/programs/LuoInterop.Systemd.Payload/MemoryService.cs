using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LuoInterop.Systemd.Payload;

/// <summary>Is a host as docs/systemd.md has it.</summary>
internal static class MemoryService
{
    public static int Run(string[] memories)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.AddSystemdConsole();

        // It has a line for each check; HealthWatch has one for each change.
        builder.Logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None);
        builder.Services.AddSystemd();
        foreach (string memory in memories)
        {
            builder.Services.AddPersistentMemory(memory, 1 << 20);
        }

        builder.Services.AddHealthChecks().AddPersistentMemory();
        builder.Services.AddHostedService<HealthWatch>();
        using IHost host = builder.Build();
        host.Run();
        return 0;
    }
}

using System.Net.Sockets;
using LuoInterop.Cache.Items;
using LuoInterop.Systemd;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LuoInterop.Cache;

/// <summary>Is <c>luo-cache</c> itself: the server, until it is told to stop.</summary>
internal static class ServeCommand
{
    public static async Task<int> RunAsync(string listen, long bytes, bool checksum, CancellationToken cancellationToken)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.AddSystemdConsole();
        builder.Services.AddSystemd();
        builder.Services.AddPersistentMemory("items", bytes, options =>
        {
            options.DataVersion = ItemLayout.Version;

            // Every item has a checksum of its own: so nothing has to be read at a start, however much memory there is, unless told.
            options.UseChecksum = checksum;

            // A cache that cannot have its old items starts with none.
            options.WhenLayoutDiffers = MemoryAction.StartNew;
        });
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(static services => new CacheState(
            services.GetRequiredService<PersistentMemory>(), services.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton(_ => CacheServer.Listen(listen));
        builder.Services.AddHostedService<CacheServer>();
        using IHost host = builder.Build();
        await host.RunAsync(cancellationToken).ConfigureAwait(false);
        return 0;
    }
}

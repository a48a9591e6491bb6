using System.Net.Sockets;
using LuoInterop.Cache.Items;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LuoInterop.Cache;

/// <summary>Is <c>luo-cache</c> itself: the server, until it is told to stop.</summary>
internal static class ServeCommand
{
    public static async Task<int> RunAsync(string listen, long bytes, CancellationToken cancellationToken)
    {
        using var memory = ItemMemory.Open(bytes);
        using Socket listener = CacheServer.Listen(listen);
        var items = new ItemStore(memory.Mapping, 0, bytes);
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.AddSystemdConsole();
        builder.Services.AddSystemd();
        builder.Services.AddSingleton(new CacheState(items, memory.Origin, TimeProvider.System));
        builder.Services.AddSingleton(listener);
        builder.Services.AddHostedService<CacheServer>();
        using IHost host = builder.Build();
        await host.RunAsync(cancellationToken).ConfigureAwait(false);
        return 0;
    }
}

using LuoInterop.Cache.Items;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace LuoInterop.Cache;

/// <summary>Is <c>luo-cache</c> itself: the server, until it is told to stop.</summary>
internal static class ServeCommand
{
    public static async Task<int> RunAsync(string listen, long bytes, CancellationToken cancellationToken)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSystemd();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddHostedService<CacheServer>();
        using IHost host = builder.Build();
        await host.RunAsync(cancellationToken).ConfigureAwait(false);
        return 0;
    }
}

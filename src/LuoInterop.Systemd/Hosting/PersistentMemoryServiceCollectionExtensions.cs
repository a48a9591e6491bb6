using LuoInterop.Systemd;
using LuoInterop.Systemd.Hosting;
using LuoInterop.Systemd.Store;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds memory that outlives the process to a host.</summary>
public static class PersistentMemoryServiceCollectionExtensions
{
    /// <summary>Adds a memory: a <see cref="PersistentMemory"/> with the name as its key, and without a key where it is the only
    /// one.</summary>
    /// <param name="services">The services of the host.</param>
    /// <param name="name">The memory's name: 1 to 234 printable ASCII characters without ':'.</param>
    /// <param name="size">Its size in bytes. No memory is used before it is written.</param>
    /// <param name="configure">Sets the options.</param>
    /// <returns>The services.</returns>
    /// <exception cref="ArgumentException">The name is none that systemd takes, or was added already.</exception>
    /// <remarks>
    /// <para>The memory is opened, and stored in systemd, where it is first asked for or when the host starts. It is closed when every
    /// service
    /// has stopped (StoppedAsync), before the host ends. A memory that is refused fails the start.</para>
    /// <para>Without systemd, or without a store, it is ordinary memory; a line in the log says so.</para>
    /// </remarks>
    public static IServiceCollection AddPersistentMemory(
        this IServiceCollection services, string name, long size, Action<PersistentMemoryOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        DescriptorName.Check(name);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        if (services.Any(one => one.ImplementationInstance is PersistentMemoryRegistration known && known.Name == name))
        {
            throw new ArgumentException($"The memory \"{name}\" was added already.", nameof(name));
        }

        services.AddOptions<PersistentMemoryOptions>(name).Configure(options =>
        {
            options.Size = size;
            configure?.Invoke(options);
        });
        services.AddSingleton(new PersistentMemoryRegistration(name));
        services.AddKeyedSingleton(name, (provider, _) => provider.GetRequiredService<PersistentMemoryHost>().Get(name));
        services.TryAddSingleton(static provider => provider.GetRequiredService<PersistentMemoryHost>().GetOnly());
        services.TryAddSingleton<StoreSource>();
        if (!services.Any(static one => one.ServiceType == typeof(PersistentMemoryHost)))
        {
            services.AddSingleton<PersistentMemoryHost>();
            services.AddHostedService(static provider => provider.GetRequiredService<PersistentMemoryHost>());
        }

        return services;
    }

    /// <summary>Adds a health check of all memories: Degraded where one is not kept, Unhealthy where systemd has lost one or it was not
    /// opened.</summary>
    /// <param name="builder">The health checks of the host.</param>
    /// <param name="name">The check's name.</param>
    /// <param name="tags">Its tags.</param>
    public static IHealthChecksBuilder AddPersistentMemory(
        this IHealthChecksBuilder builder, string name = "persistent-memory", IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Add(new HealthCheckRegistration(
            name, static provider => new PersistentMemoryHealthCheck(provider.GetRequiredService<PersistentMemoryHost>()), null, tags));
    }
}

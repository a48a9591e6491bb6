namespace LuoInterop.VmTesting.Cache;

/// <summary>Compiles the C programs that this assembly carries.</summary>
internal static class NativeProgram
{
    private static readonly string[] s_guestSources =
    [
        "init.c", "setup.c", "system.c", "payload.c", "channel.c", "tool.c", "channel.h", "setup.h", "system.h", "payload.h", "tool.h",
    ];

    /// <summary>Gives the path of the guest's init, which is also the tool luo-guest.</summary>
    internal static string Guest(string cache) => Compile(cache, "luo-guest", "guest/", s_guestSources);

    /// <summary>Gives the path of the program that keeps QEMU from outliving its host process.</summary>
    /// <remarks>Static as well: the cache may outlive the C library of the machine that filled it.</remarks>
    internal static string Supervisor(string cache) => Compile(cache, "luo-supervise", "machine/", ["supervise.c"]);

    /// <summary>Gives the path of the program that measures the host's time stamp counter.</summary>
    internal static string Counter(string cache) => Compile(cache, "luo-counter", "machine/", ["counter.c"]);

    private static string Compile(string cache, string name, string prefix, string[] sources) =>
        StaticProgram.Compile(name, sources.ToDictionary(static source => source, source => CacheFolder.Resource(prefix + source)), cache);
}

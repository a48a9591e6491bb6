using System.CommandLine;
using System.Net.Sockets;
using LuoInterop;
using LuoInterop.Cache;
using LuoInterop.Cache.Items;
using LuoInterop.Cache.Load;
using LuoInterop.Systemd;

var listen = new Option<string>("--listen")
{
    Description = "Where clients connect: HOST:PORT, or the path of a Unix socket.",
    DefaultValueFactory = static _ => "127.0.0.1:11211",
};
listen.Validators.Add(static result =>
{
    if (result.Tokens is [var token] && !CacheServer.IsAddress(token.Value))
    {
        result.AddError($"--listen takes an address and a port, as 127.0.0.1:11211, or an absolute path; not {token.Value}");
    }
});
var memory = new Option<int>("--memory") { Description = "The memory of the items in MiB.", DefaultValueFactory = static _ => 64 };
memory.Validators.Add(static result =>
{
    if (result.Tokens is [var token] && int.TryParse(token.Value, out int mib) && mib is < (int)(ItemLayout.LeastBytes >> 20) or > 1 << 20)
    {
        result.AddError("--memory takes 16 to 1048576 (MiB).");
    }
});
var checksum = new Option<bool>("--checksum")
{
    Description = "Makes a checksum of all memory at a stop and looks at it at the next start, besides that of each item.",
};
var root = new RootCommand(
    "A cache that speaks memcached's text protocol. Its items are in memory that systemd keeps: they outlive the process, a crash of it, "
    + "and the kernel.") { listen, memory, checksum, LoadCommand.Create(listen), StatsCommand.Create(listen) };
root.SetAction(async (arguments, cancellation) =>
{
    try
    {
        return await ServeCommand.RunAsync(
            arguments.GetRequiredValue(listen), (long)arguments.GetValue(memory) << 20, arguments.GetValue(checksum), cancellation);
    }
    catch (Exception error) when (error is KernelException or FileDescriptorStoreException or PersistentMemoryException or SocketException)
    {
        Console.Error.WriteLine($"luo-cache: {error.Message}");
        return 2;
    }
});

// A stop takes as long as it takes: the host and the load see to signals themselves.
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });

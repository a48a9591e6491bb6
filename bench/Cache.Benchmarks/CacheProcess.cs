using System.Diagnostics;
using System.Globalization;
using Tmds.Linux;

namespace LuoInterop.Cache.Benchmarks;

/// <summary>Is the server of a contestant: started, stopped, and started again.</summary>
internal sealed class CacheProcess : IDisposable
{
    private readonly Contestant _contestant;
    private readonly CacheItems _items;
    private readonly string _luoCache;
    private readonly string _memoryFile;
    private readonly ServiceManager _manager = new();
    private Process? _process;

    /// <param name="contestant">What runs.</param>
    /// <param name="items">What it is to hold.</param>
    /// <param name="luoCache">The path of luo-cache.</param>
    /// <param name="folder">A folder in memory (tmpfs), for the socket and memcached's memory file.</param>
    public CacheProcess(Contestant contestant, CacheItems items, string luoCache, string folder)
    {
        _contestant = contestant;
        _items = items;
        _luoCache = luoCache;
        _memoryFile = Path.Combine(folder, "memory");
        Socket = Path.Combine(folder, "socket");
        DeleteMemory();
    }

    /// <summary>Gets the path of the socket.</summary>
    public string Socket { get; }

    public void Start()
    {
        // What an earlier process left there would refuse clients, and no client could tell.
        File.Delete(Socket);
        if (!_contestant.IsKept)
        {
            _manager.Forget();
        }

        string memory = _items.MemoryMiB.ToString(CultureInfo.InvariantCulture);
        string[] words = _contestant.IsMemcached
            ? ["-u", Environment.UserName, "-s", Socket, "-m", memory, .. _contestant.IsKept ? (string[])["-e", _memoryFile] : []]
            : ["--listen", Socket, "--memory", memory, .. _contestant.Checksum ? (string[])["--checksum"] : []];
        _process?.Dispose();
        _process = _manager.Start(_contestant.IsMemcached ? "memcached" : _luoCache, words);
    }

    /// <summary>Connects, as often as it takes.</summary>
    public CacheClient Connect()
    {
        while (true)
        {
            if (CacheClient.TryConnect(_items, Socket) is { } client)
            {
                return client;
            }

            if (_process!.HasExited)
            {
                throw new InvalidOperationException($"{_contestant.Name} ended with {_process.ExitCode}.");
            }

            Thread.Sleep(1);
        }
    }

    /// <summary>Ends the process as the contestant does, and waits for its end.</summary>
    public void Stop() => End(
        _contestant.Stop == ServerStop.Killed ? LibC.SIGKILL : _contestant.IsMemcached && _contestant.IsKept ? LibC.SIGUSR1 : LibC.SIGTERM);

    /// <summary>Waits where the next start has to: memcached believes no memory file that was left in the same second.</summary>
    public void AwaitNextSecond()
    {
        long stopped = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        while (_contestant.IsMemcached && _contestant.IsKept && DateTimeOffset.UtcNow.ToUnixTimeSeconds() == stopped)
        {
            Thread.Sleep(1);
        }
    }

    /// <summary>Reads how much memory the process has in RAM.</summary>
    public Resident ReadResident() => Resident.Parse(File.ReadLines($"/proc/{_process!.Id}/status"));

    public void Dispose()
    {
        if (_process is { HasExited: false })
        {
            End(LibC.SIGKILL);
        }

        _process?.Dispose();
        _manager.Dispose();
        DeleteMemory();
    }

    private void End(int signal)
    {
        if (LibC.kill(_process!.Id, signal) != 0)
        {
            throw new InvalidOperationException($"{_contestant.Name} is not there to be ended.");
        }

        _process.WaitForExit();
    }

    private void DeleteMemory()
    {
        File.Delete(_memoryFile);
        File.Delete(_memoryFile + ".meta");
    }
}

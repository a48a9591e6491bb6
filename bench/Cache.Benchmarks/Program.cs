using System.Diagnostics;
using System.Globalization;
using System.Runtime.Versioning;
using LuoInterop.Cache.Benchmarks;

[assembly: SupportedOSPlatform("linux")]

// The server that lies beside this program is for tests: it starts by dotnet.
string luoCache = Path.Combine(AppContext.BaseDirectory, "luo-cache");
IReadOnlyList<CacheItems> sizes;
int rounds;
switch (args)
{
    case [_, "--smoke"]:
        sizes = [new CacheItems(1000, 100, 64)];
        rounds = 1;
        break;
    case [_, var given, var count] when int.TryParse(count, out rounds) && rounds > 0:
        luoCache = given;
        sizes = CacheItems.Measured;
        break;
    default:
        Console.Error.WriteLine("usage: bench-cache RESULT LUO-CACHE ROUNDS, or bench-cache RESULT --smoke; writes RESULT.md, .tsv");
        return 2;
}

string folder = Path.Combine("/dev/shm", $"luo-bench-{Environment.ProcessId}");
Directory.CreateDirectory(folder);
try
{
    List<string> tables = [];
    List<string> lines = [CachePage.Head];
    string commands = Path.Combine(folder, "commands");
    foreach (CacheItems items in sizes)
    {
        items.WriteCommands(commands);
        Dictionary<Contestant, IReadOnlyList<CacheRun>> runs = [];
        for (int round = 0; round < rounds; round++)
        {
            foreach (Contestant contestant in Contestant.InRound(round))
            {
                CacheRun run = CacheRun.Make(contestant, items, luoCache, folder, commands, round);
                runs[contestant] = [.. runs.GetValueOrDefault(contestant, []), run];
                lines.Add(CachePage.Line(items, round, contestant, run));
                Console.WriteLine(lines[^1]);
            }
        }

        tables.Add(CachePage.Table(items, runs));
        File.Delete(commands);
    }

    string page = string.Create(
        CultureInfo.InvariantCulture,
        $"""
        # A cache after its restart

        `make bench-cache`, {rounds} rounds in turn, {Environment.ProcessorCount} processors, Linux {Output("uname", "-r")},
        {Output("memcached", "--version")}.
        Medians, with the least and the most in brackets. Each run fills a server, reads every key, ends the server as the row says and
        starts it again. Server and client talk over a Unix socket.

        - stop: from the signal to the end of the process. memcached's row "empty" and those that are reloaded end by SIGTERM.
        - first hit: from the start of the new process to the first key that is there, of keys asked in a random order.
        - full hit rate: to the time from which on every key is there. Of a reload that is the end of all stores, of memory that is kept the
          first hit. Each run asks for every key afterwards, and holds the value against what was stored.
        - ratio: the full hit rate's time by that of the first row, round by round.
        - every key read: to the time at which one client had read all keys, 100 at once.
        - in RAM: all of the process, the items included; "its own" is what of it is no kept memory and no file (RssAnon).
        - The memory of luo-cache is a memfd, which the benchmark keeps and passes as systemd does (LISTEN_FDS). The memory file of
          `memcached -e` lies in tmpfs, and so does the file of a reload: `set` commands that are not answered. No disk is read.
        - memcached takes no memory file that was left in the second in which it starts. The benchmark waits for the next one, and does not
          count that.

        {string.Join('\n', tables)}
        """);
    File.WriteAllText(args[0] + ".md", page);
    File.WriteAllLines(args[0] + ".tsv", lines);
    Console.Write(page);
    return 0;
}
finally
{
    Directory.Delete(folder, recursive: true);
}

static string Output(string program, string word)
{
    using Process process = Process.Start(new ProcessStartInfo(program, [word]) { RedirectStandardOutput = true })!;
    string output = process.StandardOutput.ReadToEnd();
    process.WaitForExit();
    return output.Trim();
}

using System.Globalization;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Cache.Tests;

/// <summary>Programs that were written for memcached use the cache: libmemcached's tools, and Python's pymemcache.</summary>
public sealed class ClientTests
{
    [Fact]
    public async Task Libmemcached_StoresReadsTouchesRemovesAndCounts()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string folder = Directory.CreateTempSubdirectory("luo-cache-").FullName;
        try
        {
            byte[] content = new byte[300_000];
            new Random(1).NextBytes(content);
            string file = Path.Combine(folder, "large");
            string small = Path.Combine(folder, "small");
            File.WriteAllBytes(file, content);
            File.WriteAllText(small, "of several lines\r\nand END\r\n");

            Ask(server, "memcping");
            Ask(server, "memccp", file, small);
            Assert.Equal(2, server.State.Items.Count);
            string copy = Path.Combine(folder, "copy");
            Ask(server, "memccat", "--file", copy, "large");
            Assert.Equal(content, File.ReadAllBytes(copy));
            Assert.Equal("of several lines\r\nand END\r\n", Ask(server, "memccat", "small").TrimEnd('\n') + "\n");

            Ask(server, "memcexist", "small");
            Refuse(server, "memcexist", "none");
            Ask(server, "memctouch", "--expire=100", "small");
            Refuse(server, "memctouch", "none");

            Ask(server, "memcrm", "small");
            Refuse(server, "memcrm", "small");
            Assert.False(server.State.Items.TryGet("small"u8, out _));
            string statistics = Ask(server, "memcstat");
            Assert.Contains("curr_items: 1\n", statistics, StringComparison.Ordinal);
            Assert.Contains($"limit_maxbytes: {server.State.Items.Capacity}\n", statistics, StringComparison.Ordinal);
            Assert.Contains("memory_origin: new\n", statistics, StringComparison.Ordinal);

            Ask(server, "memcflush");
            Assert.Equal(0, server.State.Items.Count);
            Refuse(server, "memcexist", "large");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>libmemcached's own test of servers, the part of the text protocol.</summary>
    [Fact]
    public async Task Libmemcached_FindsTheServerCapable()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        (int code, string output, string error) = ChildProgram.RunProgram(
            "memccapable", "-h", "127.0.0.1", "-p", $"{server.Port}", "-a", "-v");

        Assert.True(code == 0, output + error);
        Assert.Contains("All tests passed", output, StringComparison.Ordinal);
    }

    /// <summary>libmemcached's load, from several connections.</summary>
    [Theory]
    [InlineData("set")]
    [InlineData("get")]
    [InlineData("mget")]
    public async Task Libmemcached_LoadsIt(string test)
    {
        await using RunningServer server = await RunningServer.StartAsync();
        Ask(server, "memcslap", "--concurrency=3", "--execute-number=500", $"--test={test}");

        Assert.True(server.State.Statistics.Stored >= 500);
        Assert.Equal(server.State.Statistics.Hits, server.State.Statistics.Gets);
    }

    [Fact]
    public async Task Pymemcache_HasEveryAnswerThatItExpects()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        (int code, string output, string error) = ChildProgram.RunProgram(
            "/usr/bin/python3", Path.Combine(AppContext.BaseDirectory, "pymemcache_client.py"), $"{server.Port}");

        Assert.True(code == 0, output + error);
        Assert.Equal("done\n", output);
    }

    private static string Ask(RunningServer server, string tool, params string[] words)
    {
        (int code, string output, string error) = Run(server, tool, words);
        Assert.True(code == 0, $"{tool} {string.Join(' ', words)}: {code}\n{output}{error}");
        return output;
    }

    private static void Refuse(RunningServer server, string tool, params string[] words)
    {
        (int code, string output, string error) = Run(server, tool, words);
        Assert.True(code == 1, $"{tool} {string.Join(' ', words)}: {code}\n{output}{error}");
    }

    private static (int Code, string Output, string Error) Run(RunningServer server, string tool, string[] words) =>
        ChildProgram.RunProgram(tool, [string.Create(CultureInfo.InvariantCulture, $"--servers=127.0.0.1:{server.Port}"), .. words]);
}

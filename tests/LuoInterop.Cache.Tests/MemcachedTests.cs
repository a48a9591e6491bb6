using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using LuoInterop.Cache.Protocol;
using Xunit;

namespace LuoInterop.Cache.Tests;

/// <summary>memcached is the judge of the protocol.</summary>
public sealed class MemcachedTests
{
    [Fact]
    public async Task Transcript_IsAnsweredAsMemcachedDoes()
    {
        string path = Path.Combine(Path.GetTempPath(), $"memcached-{Guid.NewGuid():N}");
        using var process = Process.Start("memcached", ["-u", Environment.UserName, "-s", path, "-m", "64"]);
        try
        {
            using Socket socket = await ConnectAsync(path, process);
            using var memory = new CacheMemory();
            var protocol = new TextProtocol(new CacheState(memory.Open(), "new", memory));
            var differences = new List<string>();
            foreach (string command in Transcripts.All)
            {
                byte[] bytes = Encoding.UTF8.GetBytes(command);
                var response = new Response();
                for (int used = 0; used < bytes.Length;)
                {
                    int step = protocol.Answer(bytes.AsSpan(used), response);
                    Assert.NotEqual(0, step);
                    used += step;
                }

                // The version's answer is the end of what memcached said to the command.
                await socket.SendAsync((byte[])[.. bytes, .. "version\r\n"u8]);
                string expected = await ReadToVersionAsync(socket);
                string answered = Encoding.UTF8.GetString(response.Memory.Span);
                if (answered != expected)
                {
                    differences.Add($"{command}memcached: {expected}here: {answered}");
                }
            }

            Assert.Empty(differences);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
            File.Delete(path);
        }
    }

    private static async Task<Socket> ConnectAsync(string path, Process process)
    {
        while (true)
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
                return socket;
            }
            catch (SocketException)
            {
                socket.Dispose();
                Assert.False(process.HasExited, "memcached ended");
                await Task.Delay(20);
            }
        }
    }

    private static async Task<string> ReadToVersionAsync(Socket socket)
    {
        var text = new StringBuilder();
        byte[] buffer = new byte[4096];
        while (true)
        {
            int read = await socket.ReceiveAsync(buffer);
            Assert.NotEqual(0, read);
            text.Append(Encoding.UTF8.GetString(buffer, 0, read));
            int version = text.ToString().IndexOf("VERSION ", StringComparison.Ordinal);
            if (version >= 0 && text[^1] == '\n')
            {
                return text.ToString()[..version];
            }
        }
    }
}

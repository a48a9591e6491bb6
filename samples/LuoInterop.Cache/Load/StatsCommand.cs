using System.CommandLine;
using System.Net.Sockets;
using System.Text;

namespace LuoInterop.Cache.Load;

/// <summary>Is <c>luo-cache stats</c>: what a running server says of itself.</summary>
internal static class StatsCommand
{
    public static Command Create(Option<string> at)
    {
        var command = new Command("stats", "Prints what a running server counts.") { at };
        command.SetAction(async (arguments, cancellation) =>
        {
            var server = CacheServer.EndPointOf(arguments.GetRequiredValue(at));
            using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(server, cancellation).ConfigureAwait(false);
                await socket.SendAsync("stats\r\nquit\r\n"u8.ToArray(), cancellation).ConfigureAwait(false);
                using var reader = new StreamReader(new NetworkStream(socket), Encoding.ASCII);
                Console.Write(await reader.ReadToEndAsync(cancellation).ConfigureAwait(false));
                return 0;
            }
            catch (SocketException error)
            {
                Console.Error.WriteLine($"luo-cache: no server answers at {server}: {error.Message}");
                return 2;
            }
        });
        return command;
    }
}

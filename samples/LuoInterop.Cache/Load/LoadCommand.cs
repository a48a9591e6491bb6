using System.CommandLine;
using System.Net;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace LuoInterop.Cache.Load;

/// <summary>Is <c>luo-cache load</c>: clients that notice every wrong and lost value.</summary>
internal static class LoadCommand
{
    public static Command Create(Option<string> at)
    {
        var clients = new Option<int>("--clients") { Description = "How many connections.", DefaultValueFactory = static _ => 4 };
        var keys = new Option<int>("--keys") { Description = "How many keys each has.", DefaultValueFactory = static _ => 1000 };
        var seconds = new Option<double?>("--seconds") { Description = "How long; until Ctrl-C or SIGTERM by default." };
        var command = new Command(
            "load", "Stores and reads values until it is told to end, then reads every key, and prints what it saw as JSON. Ends with 1 "
            + "if a value was wrong or lost: restart the server meanwhile.") { at, clients, keys, seconds };
        command.SetAction(async (arguments, cancellation) =>
        {
            using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
            {
                context.Cancel = true;
                end.Cancel();
            });
            if (arguments.GetValue(seconds) is { } limit)
            {
                end.CancelAfter(TimeSpan.FromSeconds(limit));
            }

            LoadResult result = await RunAsync(
                CacheServer.EndPointOf(arguments.GetRequiredValue(at)), arguments.GetValue(clients), arguments.GetValue(keys), end.Token)
                .ConfigureAwait(false);
            Console.WriteLine(JsonSerializer.Serialize(result, LoadJson.Default.LoadResult));
            return result.Wrong + result.Lost > 0 ? 1 : 0;
        });
        return command;
    }

    private static async Task<LoadResult> RunAsync(EndPoint server, int clients, int keys, CancellationToken end)
    {
        var report = new LoadReport();
        LoadClient[] all = [.. Enumerable.Range(0, clients).Select(number =>
            new LoadClient(server, $"load-{Environment.ProcessId}-{number}", keys, number))];
        await Task.WhenAll(all.Select(client => client.FillAsync(report, CancellationToken.None))).ConfigureAwait(false);
        await Console.Error.WriteLineAsync("luo-cache load: filled").ConfigureAwait(false);
        await Task.WhenAll(all.Select(client => client.RunAsync(report, end))).ConfigureAwait(false);
        await Task.WhenAll(all.Select(client => client.CheckAsync(report))).ConfigureAwait(false);
        foreach (LoadClient client in all)
        {
            client.Dispose();
        }

        return report.Result;
    }
}

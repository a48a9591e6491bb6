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
        var name = new Option<string>("--name")
        {
            Description = "The first part of all keys; the process' own by default.",
            DefaultValueFactory = static _ => $"load-{Environment.ProcessId}",
        };
        var only = new Option<string?>("--only")
        {
            Description = "'fill' stores every key once and ends; 'check' reads what a 'fill' of the same name stored.",
        };
        only.AcceptOnlyFromAmong("fill", "check");
        var command = new Command(
            "load", "Stores and reads values until it is told to end, then reads every key, and prints what it saw as JSON. Ends with 1 "
            + "if a value was wrong or lost: restart the server meanwhile.") { at, clients, keys, seconds, name, only };
        command.SetAction(async (arguments, cancellation) =>
        {
            using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
            using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
            if (arguments.GetValue(seconds) is { } limit)
            {
                end.CancelAfter(TimeSpan.FromSeconds(limit));
            }

            LoadResult result = await RunAsync(
                CacheServer.EndPointOf(arguments.GetRequiredValue(at)),
                [.. Enumerable.Range(0, arguments.GetValue(clients)).Select(number =>
                    ($"{arguments.GetRequiredValue(name)}-{number}", arguments.GetValue(keys)))],
                arguments.GetValue(only),
                end.Token)
                .ConfigureAwait(false);
            Console.WriteLine(JsonSerializer.Serialize(result, LoadJson.Default.LoadResult));
            return result.Wrong + result.Lost > 0 ? 1 : 0;

            void End(PosixSignalContext context)
            {
                context.Cancel = true;
                end.Cancel();
            }
        });
        return command;
    }

    private static async Task<LoadResult> RunAsync(
        EndPoint server, IReadOnlyList<(string Name, int Keys)> clients, string? only, CancellationToken end)
    {
        var report = new LoadReport();
        LoadClient[] all = [.. clients.Select((client, number) => new LoadClient(server, client.Name, client.Keys, number))];
        if (only == "check")
        {
            Array.ForEach(all, static client => client.TakeAsFilled());
        }
        else
        {
            await Task.WhenAll(all.Select(client => client.FillAsync(report, end))).ConfigureAwait(false);
        }

        if (only is null)
        {
            await Console.Error.WriteLineAsync("luo-cache load: filled").ConfigureAwait(false);
            await Task.WhenAll(all.Select(client => client.RunAsync(report, end))).ConfigureAwait(false);
        }

        if (only != "fill")
        {
            await Task.WhenAll(all.Select(client => client.CheckAsync(report))).ConfigureAwait(false);
        }

        Array.ForEach(all, static client => client.Dispose());
        return report.Result;
    }
}

using System.CommandLine;
using MiniVmm.Control;
using MiniVmm.Output;

namespace MiniVmm.Commands;

/// <summary>Connects the terminal with a VM's console.</summary>
internal static class ConsoleCommand
{
    public static Command Create()
    {
        Option<string> name = VmOption.Name();
        Option<string?> folder = VmOption.RunFolder();
        var command = new Command("console", "Shows a VM's console; Ctrl-A x leaves it, and the guest runs on.") { name, folder };
        command.SetAction((arguments, _) => Messages.GuardAsync(async cancellation =>
        {
            using ControlClient vm = ControlClient.Connect(RunFolder.Choose(arguments.GetValue(folder)), arguments.GetValue(name)!);
            await vm.AskAsync(ControlWord.Console, cancellation);
            using Terminal? terminal = Terminal.IsThere ? Terminal.MakeRaw() : null;
            using var left = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            new Thread(() => Send(vm.Stream, terminal is not null, left)) { IsBackground = true, Name = "terminal" }.Start();
            try
            {
                await ShowAsync(vm.Stream, left.Token);
                terminal?.Leave();
                Messages.Say($"{vm.Name} has closed its console.");
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                // Left by the key.
            }

            return VmHost.Ok;
        }));
        return command;
    }

    private static async Task ShowAsync(ControlStream stream, CancellationToken cancellation)
    {
        Stream output = Console.OpenStandardOutput();
        byte[] buffer = new byte[4096];
        try
        {
            while (await stream.ReadAsync(buffer, cancellation) is var count and > 0)
            {
                output.Write(buffer.AsSpan(0, count));
            }
        }
        catch (IOException)
        {
            // The VM has ended.
        }
    }

    private static void Send(ControlStream stream, bool isRaw, CancellationTokenSource left)
    {
        using Stream input = Terminal.OpenInput();
        var keys = new TerminalKeys();
        byte[] buffer = new byte[4096];
        try
        {
            while (input.Read(buffer) is var count and > 0)
            {
                if (!isRaw)
                {
                    Write(stream, buffer[..count]);
                    continue;
                }

                keys.Take(buffer.AsSpan(0, count), (action, bytes) =>
                {
                    switch (action)
                    {
                        case TerminalAction.Input:
                            Write(stream, bytes);
                            break;
                        case TerminalAction.End:
                            left.Cancel();
                            break;
                        default:
                            Console.Out.WriteLine("\nCtrl-A x   leave the console\nCtrl-A Ctrl-A   a Ctrl-A for the guest");
                            break;
                    }
                });
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // The VM or the terminal has gone.
        }
    }

    private static void Write(ControlStream stream, byte[] bytes) =>
        stream.WriteAsync(bytes, CancellationToken.None).AsTask().GetAwaiter().GetResult();
}

using MiniVmm.Output;

namespace MiniVmm.Control;

/// <summary>Connects standard input and output with VMs' consoles: raw where both are a terminal, otherwise copied as they are.</summary>
internal sealed class ConsoleSession : IDisposable
{
    private readonly VmHost _host;
    private readonly HostedVm _vm;
    private readonly Terminal? _terminal;
    private readonly Stream _output = Console.OpenStandardOutput();
    private readonly TerminalKeys _keys = new();
    private readonly TerminalLine _line = new();
    private bool _isCommanding;

    private ConsoleSession(VmHost host, HostedVm vm)
    {
        _host = host;
        _vm = vm;
        _terminal = Terminal.IsThere ? Terminal.MakeRaw() : null;
        new Thread(Read) { IsBackground = true, Name = "terminal" }.Start();
    }

    /// <summary>Makes what takes a guest's output on standard output: as it is for a single VM, in lines with its name for one of several.
    /// </summary>
    public static Action<ReadOnlyMemory<byte>>? Output(ConsoleKind kind, string name, bool isSingle)
    {
        if (kind != ConsoleKind.Terminal)
        {
            return null;
        }

        if (!isSingle)
        {
            return new LineSink(name, Console.Out, static _ => { }).Write;
        }

        Stream output = Console.OpenStandardOutput();
        return piece => output.Write(piece.Span);
    }

    /// <summary>Connects standard input, where the process has a single VM with its console on the terminal.</summary>
    public static ConsoleSession? Start(VmHost host, ConsoleKind kind) =>
        kind == ConsoleKind.Terminal && host.Vms is [var vm] ? new ConsoleSession(host, vm) : null;

    /// <summary>Gives the terminal back.</summary>
    public void Dispose() => _terminal?.Dispose();

    private void Read()
    {
        using Stream input = Terminal.OpenInput();
        byte[] buffer = new byte[4096];
        try
        {
            while (input.Read(buffer) is var count and > 0)
            {
                if (_terminal is null)
                {
                    _vm.Console.Send(buffer.AsSpan(0, count));
                }
                else
                {
                    _keys.Take(buffer.AsSpan(0, count), Act);
                }
            }
        }
        catch (IOException)
        {
            // The terminal has gone; the guest needs none.
        }
    }

    private void Act(TerminalAction action, byte[] bytes)
    {
        switch (action)
        {
            case TerminalAction.Input when _isCommanding:
                _line.Take(bytes, Show, Command);
                break;
            case TerminalAction.Input:
                _vm.Console.Send(bytes);
                break;
            case TerminalAction.End:
                _host.Stop("it was ended at the terminal");
                break;
            case TerminalAction.Help:
                Show($"\r\n{TerminalKeys.Help}\r\n");
                break;
            case TerminalAction.Switch:
                _isCommanding = !_isCommanding;
                Show(_isCommanding ? "\r\n(minivmm) " : "\r\n");
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(action), action, "This is no action.");
        }
    }

    private void Command(string word)
    {
        switch (word)
        {
            case "":
                break;
            case "update":
                _host.Update();
                break;
            case "pause" or "stop":
                Ask(word);
                break;
            case "unpause":
                Ask(ControlWord.Resume);
                break;
            case "status":
                VmStatus status = _vm.Status;
                Show($"{status.Name} is {status.State}, {status.Cpus} vCPUs, {status.Updates} live updates\r\n");
                break;
            default:
                Show("status, pause, unpause, stop, update; Ctrl-A c goes back to the guest\r\n");
                break;
        }

        Show("(minivmm) ");
    }

    private void Ask(string word)
    {
        ControlAnswer answer = _vm.Answer(this, new ControlRequest { Request = word });
        Show(answer.Ok ? "done\r\n" : $"{answer.Error}\r\n");
    }

    private void Show(string text)
    {
        _output.Write(System.Text.Encoding.UTF8.GetBytes(text));
        _output.Flush();
    }
}

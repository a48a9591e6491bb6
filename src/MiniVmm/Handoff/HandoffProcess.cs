using System.Diagnostics;
using LuoInterop;

namespace MiniVmm.Handoff;

/// <summary>Is the program that takes a guest, and the way to it.</summary>
internal sealed class HandoffProcess : IDisposable
{
    /// <summary>The command of the new program.</summary>
    public const string Command = "take-over";

    /// <summary>Its option that names the descriptor.</summary>
    public const string DescriptorOption = "--descriptor";

    // While a descriptor is inherited no second process may be started, or that would have it too.
    private static readonly Lock s_starting = new();

    private readonly DescriptorChannel _channel;
    private readonly Action _end;

    /// <param name="id">The process's number.</param>
    /// <param name="channel">The way to it, which belongs to this object from now on.</param>
    /// <param name="end">Ends the process, and waits until it has.</param>
    public HandoffProcess(int id, DescriptorChannel channel, Action end)
    {
        Id = id;
        _channel = channel;
        _end = end;
    }

    /// <summary>Gets the process's number.</summary>
    public int Id { get; }

    /// <summary>Starts a program.</summary>
    /// <param name="program">The program and its first arguments.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">It cannot be started.</exception>
    public static HandoffProcess Start(IReadOnlyList<string> program)
    {
        (DescriptorChannel ours, DescriptorChannel theirs) = DescriptorChannel.CreatePair();
        try
        {
            var start = new ProcessStartInfo(program[0]) { UseShellExecute = false };
            foreach (string word in program.Skip(1))
            {
                start.ArgumentList.Add(word);
            }

            start.ArgumentList.Add(Command);
            start.ArgumentList.Add(DescriptorOption);
            start.ArgumentList.Add($"{theirs.Descriptor}");
            lock (s_starting)
            {
                try
                {
                    theirs.SetInherited(true);
                    Process process = Process.Start(start)!;
                    return new HandoffProcess(process.Id, ours, () => End(process));
                }
                finally
                {
                    theirs.Dispose();
                }
            }
        }
        catch
        {
            ours.Dispose();
            throw;
        }
    }

    /// <summary>Sends a message.</summary>
    public void Send(HandoffMessage message, params ReadOnlySpan<int> descriptors) => _channel.Send(message.ToBytes(), descriptors);

    /// <summary>Waits for a message.</summary>
    /// <exception cref="Control.ControlException">Another one came, or the process has ended.</exception>
    /// <exception cref="TimeoutException">None came.</exception>
    public HandoffMessage Receive(string kind, TimeSpan patience)
    {
        byte[]? bytes = _channel.Receive(patience, Kernel.Linux, out KernelHandle[] descriptors);
        DescriptorChannel.Close(descriptors);
        return HandoffMessage.Read(bytes, kind);
    }

    /// <summary>Ends the process, and waits until it has.</summary>
    public void End() => _end();

    /// <summary>Closes the way to it; the process goes on.</summary>
    public void Dispose() => _channel.Dispose();

    private static void End(Process process)
    {
        try
        {
            process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself.
        }

        process.WaitForExit();
    }
}

using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using LuoInterop.Tests.Shared;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace LuoInterop.Cache.Benchmarks;

/// <summary>Is to a cache server what systemd is: keeps the memory that it stores, and starts it with that.</summary>
/// <remarks>It does of systemd's store what one memory needs: FDSTORE, FDSTOREREMOVE and BARRIER, and LISTEN_FDS.</remarks>
internal sealed class ServiceManager : IDisposable
{
    private const string EndMessage = "END=1";

    // bash: sh of Debian takes no descriptor above 9. The process stays the same, so that $$ is the server's number.
    private const string Script = "[ -z \"$KEPT\" ] || exec 3<&\"$KEPT\" {KEPT}<&-; LISTEN_PID=$$ exec \"$@\" > /dev/null";

    private static int s_number;

    private readonly NotifyReceiver _receiver;
    private readonly Thread _reader;
    private readonly Lock _lock = new();
    private readonly List<(string Name, SafeFileHandle File)> _store = [];

    public ServiceManager()
    {
        _receiver = new NotifyReceiver($"luo-bench-{Environment.ProcessId}-{Interlocked.Increment(ref s_number)}");
        _reader = new Thread(Read);
        _reader.Start();
    }

    /// <summary>Starts a server, with the memory that it stored before if there is one.</summary>
    public Process Start(string program, IEnumerable<string> words)
    {
        var start = new ProcessStartInfo("/bin/bash", ["-c", Script, "bash", program, .. words]);
        start.Environment["NOTIFY_SOCKET"] = _receiver.Address;
        start.Environment["FDSTORE"] = "2";
        lock (_lock)
        {
            if (_store is not [var (name, file)])
            {
                return _store.Count == 0 ? Run(start)
                    : throw new InvalidOperationException($"The server stored {_store.Count} memories.");
            }

            using SafeFileHandle passed = Inheritable(file);
            start.Environment["KEPT"] = passed.DangerousGetHandle().ToString(CultureInfo.InvariantCulture);
            start.Environment["LISTEN_FDS"] = "1";
            start.Environment["LISTEN_FDNAMES"] = name;
            return Run(start);
        }
    }

    /// <summary>Drops what the server stored.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            _store.ForEach(static one => one.File.Dispose());
            _store.Clear();
        }
    }

    public void Dispose()
    {
        using (var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified))
        {
            socket.SendTo(Encoding.ASCII.GetBytes(EndMessage), new UnixDomainSocketEndPoint("\0" + _receiver.Address[1..]));
        }

        _reader.Join();
        _receiver.Dispose();
        Forget();
    }

    private static Process Run(ProcessStartInfo start) =>
        Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} gave no process.");

    /// <summary>Duplicates a descriptor so that the next process has it.</summary>
    private static SafeFileHandle Inheritable(SafeFileHandle file)
    {
        int duplicate = LibC.fcntl((int)file.DangerousGetHandle(), LibC.F_DUPFD, 10);
        return duplicate < 0 ? throw new Win32Exception(Marshal.GetLastPInvokeError()) : new SafeFileHandle(duplicate, ownsHandle: true);
    }

    private void Read()
    {
        while (_receiver.Receive(out int[] descriptors) is var text && text != EndMessage)
        {
            SafeFileHandle[] files = [.. descriptors.Select(static one => new SafeFileHandle(one, ownsHandle: true))];
            string[] tags = text.Split('\n');
            string? name = tags.FirstOrDefault(static tag => tag.StartsWith("FDNAME=", StringComparison.Ordinal))?["FDNAME=".Length..];
            lock (_lock)
            {
                if (tags.Contains("FDSTOREREMOVE=1"))
                {
                    _store.FindAll(one => one.Name == name).ForEach(static one => one.File.Dispose());
                    _store.RemoveAll(one => one.Name == name);
                }
                else if (tags.Contains("FDSTORE=1"))
                {
                    _store.AddRange(files.Select(file => (name ?? "stored", file)));
                    continue;
                }
            }

            // Of a barrier too: its sender waits until its descriptor is closed.
            Array.ForEach(files, static file => file.Dispose());
        }
    }
}

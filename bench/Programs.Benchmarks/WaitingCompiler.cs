using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace LuoInterop.Programs.Benchmarks;

/// <summary>Is a shell that compiles the files whose names it is given, one at a time, and says how long each took.</summary>
/// <remarks>One that runs on the emulated kernel and one beside it can so compile the same file in turns, some milliseconds apart: what
/// else the machine does meets both alike.</remarks>
internal sealed class WaitingCompiler : IDisposable
{
    private readonly string _files;
    private readonly string _times;
    private StreamWriter? _to;
    private StreamReader? _from;

    public WaitingCompiler(string folder)
    {
        (_files, _times) = (Path.Combine(folder, "files"), Path.Combine(folder, "times"));
        using Process made = Process.Start("mkfifo", [_files, _times]);
        made.WaitForExit();
        if (made.ExitCode != 0)
        {
            throw new Win32Exception($"mkfifo ended with {made.ExitCode}.");
        }

        Command =
        [
            "sh", "-c",
            $"exec 3> {_times}; while read -r file; do start=$(date +%s%N); gcc -w -D_GNU_SOURCE -std=gnu17 -O2 -c $file "
                + $"-o {folder}/object || exit 1; echo $(($(date +%s%N) - start)) >&3; done < {_files}",
        ];
    }

    /// <summary>Gets the command to start. It ends when this is disposed.</summary>
    public string[] Command { get; }

    /// <summary>Compiles a file, and gives the nanoseconds it took.</summary>
    public long Compile(string file)
    {
        // Each end of a FIFO waits for the other.
        _from ??= new StreamReader(_times);
        _to ??= new StreamWriter(_files) { AutoFlush = true };
        _to.WriteLine(file);
        return long.Parse(
            _from.ReadLine() ?? throw new InvalidOperationException($"{file} was not compiled."), CultureInfo.InvariantCulture);
    }

    public void Dispose()
    {
        _to?.Dispose();
        _from?.Dispose();
    }
}

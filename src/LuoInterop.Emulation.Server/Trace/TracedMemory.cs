using System.Globalization;
using System.Text;
using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Server.Descriptors;
using LuoInterop.Interop;
using LuoInterop.Shared.Tracing;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using static System.FormattableString;

namespace LuoInterop.Emulation.Server.Trace;

/// <summary>Names the memory files of programs in a trace, and writes down what has become of them.</summary>
/// <remarks>Making, writing and mapping a memory file is not trapped. So when a call that is trapped names one, the lines before it bring
/// the script's file to the same size, with bytes in the same places: which ones is not in a script.</remarks>
internal sealed class TracedMemory(TraceScript script)
{
    private const string MemoryStart = "/memfd:";
    private const string DeletedEnd = " (deleted)";

    // Keys beside the inodes of sockets.
    private const long FirstKey = 1L << 62;

    // What one line may write (docs/litmus.md), and how much is written for a file in all.
    private const long LargestWrite = 64L << 20;
    private const long LargestFill = 1L << 30;
    private const int MostRanges = 1000;

    private readonly Dictionary<InodeKey, State> _files = [];
    private long _key = FirstKey;

    /// <summary>Finds the name of a process' file; a file that is new to the script is made there.</summary>
    public TracedFile Find(int process, int fd)
    {
        int copy = RemoteProcess.Duplicate(process, fd);
        if (copy < 0)
        {
            return Unknown(fd);
        }

        using var file = new SafeFileHandle(copy, ownsHandle: true);
        if (HostFile.Stat(copy, out statx status) != 0)
        {
            return Unknown(fd);
        }

        InodeKey inode = HostFile.Key(status);
        if (!_files.TryGetValue(inode, out State? state))
        {
            if (Operation(copy, RemoteProcess.FindLink(process, fd) ?? "") is not { } operation)
            {
                return Unknown(fd);
            }

            state = new State(_key++);
            _files.Add(inode, state);
            script.Named(operation, state.Key, 'm');
        }

        TracedFile name = script.Find(state.Key);

        // One that has another size is preserved no more.
        state.IsPreserved &= (long)(ulong)status.stx_size == state.Content.Size;
        if (!state.IsPreserved && (status.stx_mode & LibC.S_IFMT) == LibC.S_IFREG)
        {
            Write(name, state, Content(copy, status));
        }

        return name;
    }

    /// <summary>Takes a file in that a session gave back; gives the key that it is to be named by.</summary>
    public long Retrieved(int process, int fd)
    {
        long key = _key++;
        if (Look(process, fd) is { } seen)
        {
            _files[seen.Inode] = new State(key) { Content = seen.Content };
        }

        return key;
    }

    /// <summary>Takes note that a file is preserved: its size stays, and all of its memory is there.</summary>
    public void Preserved(int process, int fd)
    {
        if (Look(process, fd) is { } seen && _files.TryGetValue(seen.Inode, out State? state))
        {
            state.IsPreserved = true;
        }
    }

    /// <summary>Takes note of what a call that the script has a line for has changed.</summary>
    public void Refresh(int process, int fd)
    {
        if (Look(process, fd) is { } seen && _files.TryGetValue(seen.Inode, out State? state))
        {
            state.Content = seen.Content;
        }
    }

    private static (InodeKey Inode, FileContent Content)? Look(int process, int fd)
    {
        int copy = RemoteProcess.Duplicate(process, fd);
        if (copy < 0)
        {
            return null;
        }

        using var file = new SafeFileHandle(copy, ownsHandle: true);
        return HostFile.Stat(copy, out statx status) == 0 ? (HostFile.Key(status), Content(copy, status)) : null;
    }

    private static TracedFile Unknown(int fd) => new(string.Create(CultureInfo.InvariantCulture, $"unknown{fd}"), false);

    // The line that makes such a file; null for what the language does not have.
    private static string? Operation(int file, string link)
    {
        if (link.StartsWith(MemoryStart, StringComparison.Ordinal))
        {
            string name = link[MemoryStart.Length..];
            name = name.EndsWith(DeletedEnd, StringComparison.Ordinal) ? name[..^DeletedEnd.Length] : name;
            int seals = LibC.fcntl(file, FcntlHeader.F_GET_SEALS, 0);
            uint flags = (uint)LibC.MFD_CLOEXEC;
            flags |= seals >= 0 && (seals & FcntlHeader.F_SEAL_EXEC) != 0 ? MemfdHeader.MFD_NOEXEC_SEAL
                : seals >= 0 && (seals & FcntlHeader.F_SEAL_SEAL) == 0 ? (uint)LibC.MFD_ALLOW_SEALING
                : 0;
            return $"memfd flags=0x{flags:x} name={TraceScript.Quote(Encoding.UTF8.GetBytes(name))}";
        }

        return link switch
        {
            "/dev/null" => "other null",
            "/dev/zero" => "other zero",
            "anon_inode:[eventfd]" => "other eventfd",
            _ when link.StartsWith("pipe:", StringComparison.Ordinal) => "other pipe",
            _ when link.StartsWith("socket:", StringComparison.Ordinal) => "other socket",
            _ when link.StartsWith("/dev/shm/#", StringComparison.Ordinal) => "tmpfile",
            _ => null,
        };
    }

    private void Write(TracedFile name, State state, FileContent content)
    {
        if (content.Size != state.Content.Size)
        {
            script.Write(Invariant($"truncate {name.Name} {content.Size} => 0"));
        }

        long left = LargestFill;
        foreach ((long start, long end) in content.Ranges.Except(state.Content.Ranges))
        {
            for (long from = start; from < end && left > 0; from += LargestWrite)
            {
                long length = Math.Min(end - from, LargestWrite);
                left -= length;
                script.Write(Invariant($"pwrite {name.Name} {from} {length}"));
            }
        }

        if (left <= 0 || content.Ranges.Count == MostRanges)
        {
            script.Write($"# {name.Name} has more than is written here");
        }

        state.Content = content;
    }

    // Where bytes are, by an open file of its own: the program's position stays.
    private static FileContent Content(int file, in statx status)
    {
        long size = (long)(ulong)status.stx_size;
        var ranges = new List<(long, long)>();
        int own = HostFile.Reopen(file, LibC.O_RDONLY | LibC.O_CLOEXEC);
        if (own < 0)
        {
            return new FileContent(size, ranges);
        }

        using var handle = new SafeFileHandle(own, ownsHandle: true);
        for (long at = 0; ranges.Count < MostRanges;)
        {
            long start = LibC.lseek(own, at, FsHeader.SEEK_DATA);
            at = start < 0 ? -1 : (long)LibC.lseek(own, start, FsHeader.SEEK_HOLE);
            if (start < 0 || at < 0)
            {
                break;
            }

            ranges.Add((start, Math.Min(at, size)));
        }

        return new FileContent(size, ranges);
    }

    private sealed record FileContent(long Size, IReadOnlyList<(long Start, long End)> Ranges);

    private sealed class State(long key)
    {
        public long Key { get; } = key;

        public bool IsPreserved { get; set; }

        public FileContent Content { get; set; } = new(0, []);
    }
}

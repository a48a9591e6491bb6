using System.Buffers.Text;
using System.Globalization;
using System.Text;
using LuoInterop.Emulation.Interop;
using LuoInterop.Interop;
using LuoInterop.Shared.Interop;
using Tmds.Linux;

namespace LuoInterop.Emulation.Server.Descriptors;

/// <summary>Looks at another process by the number of one of its threads: its descriptors, folders and memory.</summary>
/// <remarks>The number may be another process' by now, unless a call of it still waits
/// (<see cref="Seccomp.CallListener.IsWaiting"/>).</remarks>
internal static unsafe class RemoteProcess
{
    private const int LongestLink = 4096;
    private const int PageSize = 4096;

    /// <summary>Gets the socket behind a descriptor: its inode, or 0 for what is no socket.</summary>
    public static ulong FindSocket(int process, int fd)
    {
        Span<byte> link = stackalloc byte[64];
        int length = ReadLink(process, "fd/"u8, fd, link);
        ReadOnlySpan<byte> start = "socket:["u8;
        return length > start.Length && link[..length].StartsWith(start)
            && Utf8Parser.TryParse(link[start.Length..length], out ulong inode, out _)
                ? inode
                : 0;
    }

    /// <summary>Tells whether a descriptor was opened with O_PATH: its link has no permissions then (tid_fd_update_inode() of
    /// fs/proc/fd.c).</summary>
    public static bool IsPlace(int process, int fd)
    {
        const int Permissions = 0x1ff;
        Span<byte> path = stackalloc byte[64];
        WritePath(path, process, "fd/"u8, fd);
        statx link;

        // SAFETY: the path ends with a NUL, and the structure has the size that statx(2) fills.
        fixed (byte* text = path)
        {
            return LibC.statx(LibC.AT_FDCWD, text, LibC.AT_SYMLINK_NOFOLLOW, LibC.STATX_MODE, &link) == 0
                && (link.stx_mode & Permissions) == 0;
        }
    }

    /// <summary>Gets the text of a descriptor's link, or null.</summary>
    public static string? FindLink(int process, int fd) => Text(process, "fd/"u8, fd);

    /// <summary>Gets the working folder, or null.</summary>
    public static string? FindFolder(int process) => Text(process, "cwd"u8, -1);

    /// <summary>Takes a further descriptor for an open file of the process, close-on-exec set: it, or <c>-errno</c>.</summary>
    public static int Duplicate(int process, int fd)
    {
        if (fd < 0)
        {
            return Refused.EBADF;
        }

        int holder = Open(process);
        if (holder < 0)
        {
            return holder;
        }

        int copy = SystemCall.Result((int)(long)LibC.syscall(PidfdHeader.NR_pidfd_getfd, holder, fd, 0));
        _ = LibC.close(holder);
        return copy;
    }

    /// <summary>Tells whether the process may have one more descriptor (RLIMIT_NOFILE).</summary>
    public static bool HasRoom(int process)
    {
        rlimit limit;

        // SAFETY: the structure has the size that prlimit(2) fills.
        if (ResourceHeader.prlimit(process, ResourceHeader.RLIMIT_NOFILE, null, &limit) != 0)
        {
            return true;
        }

        // A full table has its last number in use.
        Span<byte> link = stackalloc byte[8];
        if (limit.rlim_cur == 0)
        {
            return false;
        }

        int last = (int)Math.Min(limit.rlim_cur - 1, int.MaxValue);
        return ReadLink(process, "fd/"u8, last, link) < 0 || CountDescriptors(process, last) <= last;
    }

    /// <summary>Tells whether execve(2) closes a descriptor.</summary>
    public static bool IsCloseOnExec(int process, int fd)
    {
        const string Field = "flags:";
        try
        {
            string line = File.ReadLines($"/proc/{process}/fdinfo/{fd}")
                .First(static line => line.StartsWith(Field, StringComparison.Ordinal));
            return (Convert.ToInt32(line[Field.Length..].Trim(), 8) & LibC.O_CLOEXEC) != 0;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Ends the process.</summary>
    public static void Kill(int process) => _ = LibC.kill(process, LibC.SIGKILL);

    /// <summary>Reads a text that ends with NUL: null where it is not readable, or longer than a path may be.</summary>
    public static string? ReadPath(int process, ulong address)
    {
        // One piece never crosses a page, so that a fault means that none of its bytes are readable.
        Span<byte> path = stackalloc byte[PageSize];
        for (int done = 0; done < path.Length;)
        {
            int count = Math.Min(path.Length - done, PageSize - (int)((address + (uint)done) % PageSize));
            Span<byte> piece = path.Slice(done, count);
            if (ProcessMemory.CopyFrom(process, (nint)(address + (uint)done), piece) != 0)
            {
                return null;
            }

            int end = piece.IndexOf((byte)0);
            if (end >= 0)
            {
                return Encoding.UTF8.GetString(path[..(done + end)]);
            }

            done += count;
        }

        return null;
    }

    // Those beyond the limit, which it does not take away, leave no less room below it.
    private static int CountDescriptors(int process, int last)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries($"/proc/{process}/fd").Count(path =>
                int.TryParse(Path.GetFileName(path.AsSpan()), CultureInfo.InvariantCulture, out int number) && number <= last);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    // A kernel before 6.9 names processes alone, by their first thread.
    private static int Open(int process)
    {
        int holder = SystemCall.Result((int)(long)LibC.syscall(PidfdHeader.NR_pidfd_open, process, (int)PidfdHeader.PIDFD_THREAD));
        return holder == Refused.EINVAL
            ? SystemCall.Result((int)(long)LibC.syscall(PidfdHeader.NR_pidfd_open, FirstThread(process), 0))
            : holder;
    }

    private static int FirstThread(int thread)
    {
        const string Field = "Tgid:";
        try
        {
            string line = File.ReadLines($"/proc/{thread}/status").First(static line => line.StartsWith(Field, StringComparison.Ordinal));
            return int.Parse(line.AsSpan(Field.Length).Trim(), CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return thread;
        }
    }

    private static string? Text(int process, ReadOnlySpan<byte> name, int number)
    {
        Span<byte> link = stackalloc byte[LongestLink];
        int length = ReadLink(process, name, number, link);
        return length < 0 ? null : Encoding.UTF8.GetString(link[..length]);
    }

    private static int ReadLink(int process, ReadOnlySpan<byte> name, int number, Span<byte> link)
    {
        Span<byte> path = stackalloc byte[64];
        WritePath(path, process, name, number);

        // SAFETY: the path ends with a NUL, and no more is written than the buffer holds.
        fixed (byte* text = path, buffer = link)
        {
            return (int)SystemCall.Result((long)LibC.readlink(text, buffer, link.Length));
        }
    }

    private static void WritePath(Span<byte> path, int process, ReadOnlySpan<byte> name, int number)
    {
        int length = 0;
        Append(path, ref length, "/proc/"u8);
        Append(path, ref length, process);
        Append(path, ref length, "/"u8);
        Append(path, ref length, name);
        if (number >= 0)
        {
            Append(path, ref length, number);
        }

        path[length] = 0;
    }

    private static void Append(Span<byte> path, ref int length, ReadOnlySpan<byte> text)
    {
        text.CopyTo(path[length..]);
        length += text.Length;
    }

    private static void Append(Span<byte> path, ref int length, int number)
    {
        _ = Utf8Formatter.TryFormat(number, path[length..], out int written);
        length += written;
    }
}

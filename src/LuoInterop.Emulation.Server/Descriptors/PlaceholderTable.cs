using LuoInterop.Emulation.Boot;
using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Server.Interop;
using LuoInterop.Interop;
using Tmds.Linux;
using epoll_event = LuoInterop.Emulation.Server.Interop.epoll_event;

namespace LuoInterop.Emulation.Server.Descriptors;

/// <summary>Holds what stands in other processes for the emulated files that they have open: one socket for each open file.</summary>
/// <remarks>
/// <para>A socket of the Unix domain that listens: as of an anonymous inode, nothing can be read from it. This process is connected to
/// it, unaccepted, and is told when the last descriptor of it is gone, in whatever process, by whatever way.</para>
/// <para>One belongs to one kernel. May be used from several threads.</para>
/// </remarks>
internal sealed unsafe class PlaceholderTable : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, Placeholder> _placeholders = [];
    private readonly EmulatedKernel _system;
    private readonly Action<ulong>? _lost;
    private readonly int _epoll;
    private volatile bool _mayHavePlaces;

    /// <param name="system">The kernel.</param>
    /// <param name="lost">Is told of the socket of each file whose last descriptor is gone, with the kernel's lock held; null for
    /// nobody.</param>
    public PlaceholderTable(EmulatedKernel system, Action<ulong>? lost)
    {
        _system = system;
        _lost = lost;
        _epoll = Checked(LibC.epoll_create1(LibC.EPOLL_CLOEXEC));
    }

    /// <summary>Gets or sets whether a process may have opened one with O_PATH: to look costs each call as much as a fifth of it.</summary>
    public bool MayHavePlaces
    {
        get => _mayHavePlaces;
        set => _mayHavePlaces = value;
    }

    /// <summary>Gets how many files are open in other processes.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _placeholders.Count;
            }
        }
    }

    /// <summary>Finds the file that a socket stands for, or null.</summary>
    public OpenFile? Find(ulong socket)
    {
        lock (_lock)
        {
            return _placeholders.TryGetValue(socket, out Placeholder placeholder) ? placeholder.File : null;
        }
    }

    /// <summary>Makes the socket of a file, whose reference is the table's from then on.</summary>
    /// <param name="file">The file.</param>
    /// <param name="socket">Its socket: a descriptor to give away and close.</param>
    /// <param name="inode">What names the socket.</param>
    /// <returns>0, or <c>-errno</c>; the reference is then the caller's still.</returns>
    public int Add(OpenFile file, out int socket, out ulong inode)
    {
        inode = 0;
        int peer = -1;
        int type = LibC.SOCK_STREAM | LibC.SOCK_CLOEXEC | ((file.Flags & LibC.O_NONBLOCK) != 0 ? LibC.SOCK_NONBLOCK : 0);
        socket = DescriptorLimit.Take(SystemCall.Result(LibC.socket(LibC.AF_UNIX, type, 0)));
        int error = socket < 0 ? socket : Listen(socket, out peer, out inode);
        if (error == 0)
        {
            lock (_lock)
            {
                var interest = new epoll_event { events = (uint)(LibC.EPOLLRDHUP | LibC.EPOLLHUP), data = inode };
                _placeholders.Add(inode, new Placeholder(file, peer));
                error = EpollHeader.Control(_epoll, LibC.EPOLL_CTL_ADD, peer, &interest);
                if (error != 0)
                {
                    _placeholders.Remove(inode);
                }
            }
        }

        if (error != 0)
        {
            Close(socket);
            Close(peer);
            socket = -1;
        }

        return error;
    }

    /// <summary>Takes a socket out, and gives the reference of its file back to the caller.</summary>
    public OpenFile? Remove(ulong socket)
    {
        lock (_lock)
        {
            if (!_placeholders.Remove(socket, out Placeholder placeholder))
            {
                return null;
            }

            Close(placeholder.Peer);
            return placeholder.File;
        }
    }

    /// <summary>Closes the files whose last descriptor is gone: everything that was closed before this call is closed after it.</summary>
    /// <remarks>Not while the kernel's lock is held.</remarks>
    public void CloseLost()
    {
        const int Most = 64;
        epoll_event* events = stackalloc epoll_event[Most];
        int count;
        do
        {
            count = EpollHeader.Look(_epoll, events, Most);
            for (int i = 0; i < count; i++)
            {
                if (Remove(events[i].data) is { } file)
                {
                    Put(file, events[i].data);
                }
            }
        }
        while (count == Most);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (Placeholder placeholder in _placeholders.Values)
            {
                Close(placeholder.Peer);
            }

            _placeholders.Clear();
            Close(_epoll);
        }
    }

    private void Put(OpenFile file, ulong socket)
    {
        lock (_system.Lock)
        {
            if (_system.HasEnded)
            {
                return;
            }

            try
            {
                _lost?.Invoke(socket);
                file.Put();
            }
            catch (EmulatedKernelPanicException panic)
            {
                _system.Panic(panic);
            }
        }
    }

    // The kernel chooses the name when the address ends before it (autobind, man 7 unix).
    private static int Listen(int socket, out int peer, out ulong inode)
    {
        peer = -1;
        inode = 0;
        byte* address = stackalloc byte[128];
        new Span<byte>(address, 128).Clear();
        *(ushort*)address = (ushort)LibC.AF_UNIX;
        socklen_t length = sizeof(ushort);
        if (LibC.bind(socket, (sockaddr*)address, length) < 0 || LibC.listen(socket, 1) < 0)
        {
            return SystemCall.LastError;
        }

        length = 128;
        if (LibC.getsockname(socket, (sockaddr*)address, &length) < 0)
        {
            return SystemCall.LastError;
        }

        peer = LibC.socket(LibC.AF_UNIX, LibC.SOCK_STREAM | LibC.SOCK_CLOEXEC, 0);
        if (peer < 0 || LibC.connect(peer, (sockaddr*)address, length) < 0)
        {
            return SystemCall.LastError;
        }

        int error = HostFile.Stat(socket, out statx status);
        inode = status.stx_ino;
        return error;
    }

    private static void Close(int fd)
    {
        if (fd >= 0)
        {
            // close(2) frees the number whatever it answers.
            _ = LibC.close(fd);
        }
    }

    private static int Checked(int fd) =>
        fd >= 0 ? fd : throw new IOException($"epoll_create1(2) fails with {(Errno)(-SystemCall.LastError)}.");

    private readonly record struct Placeholder(OpenFile File, int Peer);
}

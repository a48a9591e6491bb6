using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using LuoInterop.Interop;
using Microsoft.Win32.SafeHandles;

namespace LuoInterop.Tests.Support;

/// <summary>Answers the live update calls just enough to count what becomes of sessions; files are those of the host.</summary>
/// <remarks>Descriptors of the device and of sessions are numbers of its own, which the host has never open.</remarks>
internal sealed class RecordingKernel : ForwardingKernel, IDisposable
{
    private const int FirstDescriptor = 1 << 20;
    private const int DeviceDescriptor = FirstDescriptor - 1;

    private readonly Lock _gate = new();
    private readonly Dictionary<int, Session> _open = [];
    private readonly Dictionary<string, Session> _incoming = [];
    private int _nextDescriptor = FirstDescriptor;

    /// <summary>Gets or sets what refuses a request instead of answering it: returns an errno, or 0 to go on.</summary>
    public Func<uint, string?, Errno> Refuse { get; set; } = static (_, _) => Errno.None;

    /// <summary>Gets the calls on sessions in order: <c>create NAME</c>, <c>close NAME</c>, <c>finish NAME</c>, <c>preserve NAME</c> and so on.</summary>
    public ConcurrentQueue<string> Calls { get; } = [];

    /// <summary>Gets whether the next kernel would panic on an empty block.</summary>
    public bool WouldPanic { get; private set; }

    public int CountOf(string call, string session) => Calls.Count(entry => entry == $"{call} {session}");

    public int OpenSessions
    {
        get
        {
            lock (_gate)
            {
                return _open.Count;
            }
        }
    }

    public int FilesOf(int fd)
    {
        lock (_gate)
        {
            return _open[fd].Files.Count;
        }
    }

    public bool IsOpen(int fd)
    {
        lock (_gate)
        {
            return _open.ContainsKey(fd);
        }
    }

    /// <summary>Makes the kernel that follows this one: what outgoing sessions preserve now is incoming there.</summary>
    public RecordingKernel Next()
    {
        var next = new RecordingKernel();
        lock (_gate)
        {
            foreach (Session session in _open.Values.Where(static session => session.Direction == SessionDirection.Outgoing))
            {
                next._incoming.Add(session.Name, new Session(session.Name, SessionDirection.Incoming, session.Files));
            }

            _open.Clear();
        }

        return next;
    }

    public override int Open(string path, int flags, uint mode = 0) =>
        path == LiveUpdateDevice.DefaultPath ? -(int)Refuse(0, path) is var refusal and < 0 ? refusal : DeviceDescriptor : base.Open(path, flags, mode);

    public override int Close(int fd)
    {
        if (fd < DeviceDescriptor)
        {
            return base.Close(fd);
        }

        lock (_gate)
        {
            if (_open.Remove(fd, out Session? session))
            {
                Calls.Enqueue($"close {session.Name}");
                Drop(session);
                _incoming.Remove(session.Name);
                WouldPanic = false;
            }
        }

        return 0;
    }

    public override int Ioctl(SafeHandle file, uint request, Span<byte> argument)
    {
        bool added = false;
        try
        {
            file.DangerousAddRef(ref added);
            int fd = (int)file.DangerousGetHandle();
            return fd < DeviceDescriptor ? base.Ioctl(file, request, argument) : Answer(fd, request, argument);
        }
        finally
        {
            if (added)
            {
                file.DangerousRelease();
            }
        }
    }

    public override int Reboot(uint command)
    {
        Calls.Enqueue("reboot");
        return -(int)Errno.EINVAL;
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (Session session in _open.Values.Concat(_incoming.Values))
            {
                Drop(session);
            }

            _open.Clear();
            _incoming.Clear();
        }
    }

    private int Answer(int fd, uint request, Span<byte> argument)
    {
        lock (_gate)
        {
            Session? session = null;
            if (fd != DeviceDescriptor && !_open.TryGetValue(fd, out session))
            {
                return -(int)Errno.EBADF;
            }

            if (Refuse(request, session?.Name) is var errno and not Errno.None)
            {
                return -(int)errno;
            }

            return (session, request) switch
            {
                (null, LiveUpdateHeader.LIVEUPDATE_IOCTL_CREATE_SESSION) => Create(ref MemoryMarshal.AsRef<liveupdate_ioctl_create_session>(argument)),
                (null, LiveUpdateHeader.LIVEUPDATE_IOCTL_RETRIEVE_SESSION) => Retrieve(ref MemoryMarshal.AsRef<liveupdate_ioctl_retrieve_session>(argument)),
                ({ } s, LiveUpdateHeader.LIVEUPDATE_SESSION_PRESERVE_FD) => Preserve(s, MemoryMarshal.AsRef<liveupdate_session_preserve_fd>(argument)),
                ({ } s, LiveUpdateHeader.LIVEUPDATE_SESSION_RETRIEVE_FD) => RetrieveFile(s, ref MemoryMarshal.AsRef<liveupdate_session_retrieve_fd>(argument)),
                ({ } s, LiveUpdateHeader.LIVEUPDATE_SESSION_FINISH) => Finish(s),
                ({ } s, LiveUpdateHeader.LIVEUPDATE_SESSION_GET_NAME) => GetName(s, ref MemoryMarshal.AsRef<liveupdate_session_get_name>(argument)),
                _ => -(int)Errno.EINVAL,
            };
        }
    }

    private int Create(ref liveupdate_ioctl_create_session argument)
    {
        string name = SessionName.Decode(argument.name);
        if (_open.Values.Any(session => session.Direction == SessionDirection.Outgoing && session.Name == name))
        {
            // A real kernel does so with 51*n sessions only.
            WouldPanic = true;
            Calls.Enqueue($"create {name} refused");
            return -(int)Errno.EEXIST;
        }

        Calls.Enqueue($"create {name}");
        argument.fd = _nextDescriptor++;
        _open.Add(argument.fd, new Session(name, SessionDirection.Outgoing, []));
        return 0;
    }

    private int Retrieve(ref liveupdate_ioctl_retrieve_session argument)
    {
        string name = SessionName.Decode(argument.name);
        if (!_incoming.TryGetValue(name, out Session? session))
        {
            return -(int)Errno.ENOENT;
        }

        if (_open.ContainsValue(session))
        {
            return -(int)Errno.EINVAL;
        }

        argument.fd = _nextDescriptor++;
        _open.Add(argument.fd, session);
        return 0;
    }

    private int Preserve(Session session, in liveupdate_session_preserve_fd argument)
    {
        if (session.Direction == SessionDirection.Incoming)
        {
            return -(int)Errno.EINVAL;
        }

        if (session.Files.ContainsKey(argument.token))
        {
            return -(int)Errno.EEXIST;
        }

        using var file = new SafeFileHandle(argument.fd, ownsHandle: false);
        int copy = Linux.Fcntl(file, FcntlHeader.F_DUPFD_CLOEXEC);
        if (copy < 0)
        {
            return copy;
        }

        Calls.Enqueue($"preserve {session.Name}");
        session.Files.Add(argument.token, copy);
        return 0;
    }

    private static int RetrieveFile(Session session, ref liveupdate_session_retrieve_fd argument)
    {
        if (session.Direction == SessionDirection.Outgoing)
        {
            return -(int)Errno.EINVAL;
        }

        if (!session.Files.TryGetValue(argument.token, out int fd))
        {
            return -(int)Errno.ENOENT;
        }

        using var file = new SafeFileHandle(fd, ownsHandle: false);
        argument.fd = Linux.Fcntl(file, FcntlHeader.F_DUPFD_CLOEXEC);
        return argument.fd < 0 ? argument.fd : 0;
    }

    private int Finish(Session session)
    {
        if (session.Direction == SessionDirection.Outgoing)
        {
            return -(int)Errno.EINVAL;
        }

        Calls.Enqueue($"finish {session.Name}");
        Drop(session);
        return 0;
    }

    private static int GetName(Session session, ref liveupdate_session_get_name argument)
    {
        SessionName.Encode(session.Name, argument.name);
        return 0;
    }

    private static void Drop(Session session)
    {
        foreach (int fd in session.Files.Values)
        {
            _ = Linux.Close(fd);
        }

        session.Files.Clear();
    }

    private sealed record Session(string Name, SessionDirection Direction, Dictionary<ulong, int> Files)
    {
        public bool Equals(Session? other) => ReferenceEquals(this, other);

        public override int GetHashCode() => RuntimeHelpers.GetHashCode(this);
    }
}

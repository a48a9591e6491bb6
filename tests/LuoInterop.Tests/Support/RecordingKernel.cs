using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using LuoInterop.Interop;

namespace LuoInterop.Tests.Support;

/// <summary>Writes down what becomes of the sessions of another kernel.</summary>
internal sealed class RecordingKernel(Kernel inner) : ForwardingKernel(inner)
{
    private readonly ConcurrentDictionary<int, string> _names = [];

    /// <summary>Gets or sets what happens right before a request reaches the kernel.</summary>
    public Action<uint> Before { get; set; } = static _ => { };

    /// <summary>Gets or sets what happens right before the seals of a file are read.</summary>
    public Action BeforeGetSeals { get; set; } = static () => { };

    /// <summary>Gets or sets what happens right before reboot(2).</summary>
    public Action BeforeReboot { get; set; } = static () => { };

    /// <summary>Gets the kernel that answers.</summary>
    public Kernel Inner { get; } = inner;

    /// <summary>Gets the calls on sessions that were obeyed: <c>create NAME</c>, <c>close NAME</c>, <c>finish NAME</c> and so on.</summary>
    public ConcurrentQueue<string> Calls { get; } = [];

    /// <summary>Gets how many session descriptors are open.</summary>
    public int OpenSessions => _names.Count;

    public int CountOf(string call, string session) => Calls.Count(entry => entry == $"{call} {session}");

    public override int Fcntl(SafeHandle file, int command, nint argument = 0)
    {
        if (command == FcntlHeader.F_GET_SEALS)
        {
            BeforeGetSeals();
        }

        return base.Fcntl(file, command, argument);
    }

    public override int Ioctl(SafeHandle file, uint request, Span<byte> argument)
    {
        Before(request);
        int result = base.Ioctl(file, request, argument);
        if (result >= 0)
        {
            switch (request)
            {
                case LiveUpdateHeader.LIVEUPDATE_IOCTL_CREATE_SESSION or LiveUpdateHeader.LIVEUPDATE_IOCTL_RETRIEVE_SESSION:
                    ref liveupdate_ioctl_create_session session = ref MemoryMarshal.AsRef<liveupdate_ioctl_create_session>(argument);
                    string name = SessionName.Decode(session.name);
                    _names[session.fd] = name;
                    Calls.Enqueue((request == LiveUpdateHeader.LIVEUPDATE_IOCTL_CREATE_SESSION ? "create " : "retrieve ") + name);
                    break;
                case LiveUpdateHeader.LIVEUPDATE_SESSION_PRESERVE_FD:
                    Calls.Enqueue("preserve " + NameOf(file));
                    break;
                case LiveUpdateHeader.LIVEUPDATE_SESSION_FINISH:
                    Calls.Enqueue("finish " + NameOf(file));
                    break;
            }
        }

        return result;
    }

    public override int Reboot(uint command)
    {
        BeforeReboot();
        return base.Reboot(command);
    }

    public override int Close(int fd)
    {
        if (_names.TryRemove(fd, out string? name))
        {
            Calls.Enqueue("close " + name);
        }

        return base.Close(fd);
    }

    private string NameOf(SafeHandle session) => _names[(int)session.DangerousGetHandle()];
}

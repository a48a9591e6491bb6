using LuoInterop.Emulation.Server.Interop;
using LuoInterop.Interop;
using LuoInterop.Shared.Interop;
using Tmds.Linux;

namespace LuoInterop.Emulation.Server.Seccomp;

/// <summary>Receives the trapped calls of a program and all its descendants.</summary>
/// <remarks>
/// Several threads take turns. Who has the turn receives; whoever's answer may take its time ends the turn first, so that it keeps
/// nobody waiting. A short answer keeps the turn: handing it over would take longer than the answer.
/// The descriptor is owned, and closed by <see cref="Dispose"/>; calls that wait then are answered by the host with ENOSYS.
/// </remarks>
internal sealed unsafe class CallListener : IDisposable
{
    private const int Forever = -1;

    private readonly SemaphoreSlim _turn = new(1);
    private readonly int _fd;
    private readonly int _stop;

    public CallListener(int fd)
    {
        _fd = fd;
        _stop = LibC.eventfd(0, LibC.EFD_CLOEXEC);
        if (_stop < 0)
        {
            int error = SystemCall.LastError;
            _ = LibC.close(fd);
            throw new IOException($"eventfd(2) fails with {(Errno)(-error)}.");
        }

        // The answer wakes the caller on this processor: a third less for a call. A kernel before 6.6 has no such flag.
        _ = LibC.ioctl(
            fd, unchecked((int)SeccompHeader.SECCOMP_IOCTL_NOTIF_SET_FLAGS), (void*)SeccompHeader.SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
    }

    /// <summary>Waits for the turn.</summary>
    public void TakeTurn() => _turn.Wait();

    /// <summary>Gives the turn to another thread.</summary>
    public void EndTurn() => _turn.Release();

    /// <summary>Waits for the next call, in the thread that has the turn; false once nobody is left who could make one, or after
    /// <see cref="Stop"/>.</summary>
    public bool Receive(out seccomp_notif call)
    {
        const int Files = 2;
        pollfd* files = stackalloc pollfd[Files];
        while (true)
        {
            files[0] = new() { fd = _fd, events = (short)LibC.POLLIN };
            files[1] = new() { fd = _stop, events = (short)LibC.POLLIN };
            int ready = PollHeader.poll(files, Files, Forever);
            if (ready > 0 && (files[1].revents != 0 || files[0].revents == LibC.POLLHUP))
            {
                call = default;
                return false;
            }

            if (ready <= 0)
            {
                continue;
            }

            // SAFETY: the structure has the size that the request's number says, and is zeroed, as the kernel wants it.
            call = default;
            fixed (seccomp_notif* pointer = &call)
            {
                if (LibC.ioctl(_fd, unchecked((int)SeccompHeader.SECCOMP_IOCTL_NOTIF_RECV), pointer) == 0)
                {
                    return true;
                }
            }

            // ENOENT: a signal has ended the call meanwhile.
        }
    }

    /// <summary>Answers a call. Whoever made it may be gone.</summary>
    public void Send(in seccomp_notif call, CallAnswer answer)
    {
        if (answer.Outcome == CallOutcome.Never)
        {
            return;
        }

        var response = new seccomp_notif_resp { id = call.id };
        if (answer.Outcome == CallOutcome.Continue)
        {
            response.flags = SeccompHeader.SECCOMP_USER_NOTIF_FLAG_CONTINUE;
        }
        else if (answer.Value < 0)
        {
            response.error = (int)answer.Value;
        }
        else
        {
            response.val = answer.Value;
        }

        // SAFETY: the structure has the size that the request's number says.
        _ = LibC.ioctl(_fd, unchecked((int)SeccompHeader.SECCOMP_IOCTL_NOTIF_SEND), &response);
    }

    /// <summary>Gives the caller a descriptor for an open file of this process.</summary>
    /// <param name="call">The call that waits.</param>
    /// <param name="file">A descriptor of this process; it stays the caller's.</param>
    /// <param name="closeOnExec">Whether execve(2) closes it.</param>
    /// <param name="place">The number that it takes, in place of what is there; -1 for the lowest free one.</param>
    /// <returns>The number, or <c>-errno</c>: EMFILE, and ESRCH where the caller is gone.</returns>
    public int AddDescriptor(in seccomp_notif call, int file, bool closeOnExec, int place = -1)
    {
        var add = new seccomp_notif_addfd
        {
            id = call.id,
            srcfd = (uint)file,
            flags = place < 0 ? 0 : SeccompHeader.SECCOMP_ADDFD_FLAG_SETFD,
            newfd = place < 0 ? 0 : (uint)place,
            newfd_flags = closeOnExec ? (uint)LibC.O_CLOEXEC : 0,
        };

        // SAFETY: the structure has the size that the request's number says.
        return SystemCall.Result(LibC.ioctl(_fd, unchecked((int)SeccompHeader.SECCOMP_IOCTL_NOTIF_ADDFD), &add));
    }

    /// <summary>Tells whether a call still waits: only then its process is the one that made it.</summary>
    public bool IsWaiting(in seccomp_notif call)
    {
        ulong id = call.id;

        // SAFETY: the request reads eight bytes.
        return LibC.ioctl(_fd, unchecked((int)SeccompHeader.SECCOMP_IOCTL_NOTIF_ID_VALID), &id) == 0;
    }

    /// <summary>Ends <see cref="Receive"/> in every thread.</summary>
    public void Stop()
    {
        ulong one = 1;
        _ = LibC.write(_stop, &one, sizeof(ulong));
    }

    public void Dispose()
    {
        // close(2) frees the numbers whatever it answers.
        _ = LibC.close(_fd);
        _ = LibC.close(_stop);
        _turn.Dispose();
    }
}

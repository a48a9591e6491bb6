using System.Diagnostics;
using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Server.Interop;
using LuoInterop.Emulation.Server.Launch;
using LuoInterop.Emulation.Server.Seccomp;
using LuoInterop.Interop;
using Tmds.Linux;

namespace LuoInterop.Emulation.Server.Descriptors;

/// <summary>Shows the emulated kernel the descriptors of the process whose call it answers.</summary>
/// <remarks>One belongs to one receiving thread, and <see cref="Begin"/> names the call.</remarks>
internal sealed class RemoteDescriptorTable(CallListener listener, PlaceholderTable placeholders) : FileDescriptorTable
{
    private seccomp_notif _call;
    private int _knownFd = -1;
    private ulong _knownSocket;
    private bool _isPlace;

    /// <summary>Gets or sets the number that the next file gets, in place of what is there; -1 for the lowest free one.</summary>
    public int Place { get; set; } = -1;

    /// <summary>Begins a call.</summary>
    public void Begin(in seccomp_notif call)
    {
        _call = call;
        _knownFd = -1;
        Place = -1;
    }

    /// <inheritdoc/>
    public override bool Owns(int fd) => Get(fd) is not null;

    /// <inheritdoc/>
    /// <remarks>The process may have opened the socket that stands for a file with O_PATH.</remarks>
    public override OpenFile? Get(int fd) =>
        (fd < 0 ? null : placeholders.Find(Socket(fd))) is not { } file ? null
            : _isPlace && file is not PathFile ? new PathFile(file.LinkText, file.Status())
            : file;

    /// <inheritdoc/>
    public override int Reserve() => RemoteProcess.HasRoom((int)_call.pid) ? 0 : Refused.EMFILE;

    /// <inheritdoc/>
    public override void Cancel(int reserved)
    {
    }

    /// <inheritdoc/>
    /// <remarks>What is given to another process cannot be taken back: that the answer can be written there is made sure of
    /// first.</remarks>
    public override int Install(int reserved, OpenFile file, bool closeOnExec = true)
    {
        ProcessStart.HoldOff();
        try
        {
            return Give(file, closeOnExec);
        }
        finally
        {
            ProcessStart.Allow();
        }
    }

    /// <inheritdoc/>
    public override int Duplicate(OpenFile file, int minimum, bool closeOnExec)
    {
        file.Get();
        return Install(Reserve(), file, closeOnExec);
    }

    /// <inheritdoc/>
    public override bool IsCloseOnExec(int fd) => throw new UnreachableException("The host keeps the flags of descriptors.");

    /// <inheritdoc/>
    public override void SetCloseOnExec(int fd, bool closeOnExec) =>
        throw new UnreachableException("The host keeps the flags of descriptors.");

    /// <inheritdoc/>
    /// <remarks>The number stays in the process, and stands for nothing.</remarks>
    public override int Close(int fd)
    {
        if (placeholders.Remove(Socket(fd)) is not { } file)
        {
            return Refused.EBADF;
        }

        file.Put();
        return 0;
    }

    /// <inheritdoc/>
    /// <remarks>Descriptors of other processes are closed by those, or by their end.</remarks>
    public override void CloseAll()
    {
    }

    /// <inheritdoc/>
    public override int DuplicateHost(int fd)
    {
        int copy = DescriptorLimit.Take(RemoteProcess.Duplicate((int)_call.pid, fd));
        if (copy < 0)
        {
            return copy == Refused.ENOMEM ? copy : Refused.EBADF;
        }

        // The number of a process that is gone may be another's.
        if ((LibC.fcntl(copy, FcntlHeader.F_GETFL, 0) & LibC.O_PATH) != 0 || !listener.IsWaiting(_call))
        {
            _ = LibC.close(copy);
            return Refused.EBADF;
        }

        return copy;
    }

    /// <inheritdoc/>
    public override int ReserveHost() => Reserve();

    /// <inheritdoc/>
    public override int InstallHost(int reserved, int file)
    {
        int error = CheckAnswer();
        return error != 0 ? error : listener.AddDescriptor(_call, file, closeOnExec: true);
    }

    /// <inheritdoc/>
    public override void CancelHost(int reserved)
    {
    }

    private int Give(OpenFile file, bool closeOnExec)
    {
        int error = CheckAnswer();
        int socket = -1;
        ulong inode = 0;
        error = error != 0 ? error : placeholders.Add(file, out socket, out inode);
        if (error != 0)
        {
            file.Put();
            return error;
        }

        int number = listener.AddDescriptor(_call, socket, closeOnExec, Place);
        Place = -1;
        _ = LibC.close(socket);
        if (number < 0)
        {
            placeholders.Remove(inode)?.Put();
            return number;
        }

        (_knownFd, _knownSocket, _isPlace) = (number, inode, false);
        return number;
    }

    private ulong Socket(int fd)
    {
        if (_knownFd != fd)
        {
            (_knownFd, _knownSocket) = (fd, RemoteProcess.FindSocket((int)_call.pid, fd));
            _isPlace = _knownSocket != 0 && placeholders.MayHavePlaces && RemoteProcess.IsPlace((int)_call.pid, fd);
        }

        return _knownSocket;
    }

    // Of an ioctl: size and descriptor, which the kernel writes back as the rest.
    private int CheckAnswer()
    {
        if (_call.data.nr != CallNumbers.ioctl)
        {
            return 0;
        }

        Span<byte> words = stackalloc byte[2 * sizeof(int)];
        var memory = new UserMemory((int)_call.pid, (nint)_call.data.args[2]);
        int error = memory.CopyFrom(words);
        return error != 0 ? error : memory.CopyTo(words);
    }
}

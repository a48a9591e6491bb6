using System.Runtime.InteropServices;
using LuoInterop;
using LuoInterop.Emulation;

namespace MiniVmm.Tests.Updates;

/// <summary>Refuses one call of the thread that armed it, the n-th, or kills the process there; other threads are not touched.</summary>
/// <remarks>close(2) and munmap(2) are not among them: what they answer changes nothing. When process or kernel is gone, the threads that
/// Linux would have ended get EIO for every call.</remarks>
internal sealed class RefusingKernel(Kernel kernel) : ForwardingKernel(kernel)
{
    private readonly EmulatedProcess _process = (EmulatedProcess)kernel;
    private FaultInjection? _killer;
    private int _thread;
    private int _left;
    private Errno _errno;

    /// <summary>Gets the name of the call that was refused; null when none was.</summary>
    public string? Refused { get; private set; }

    /// <summary>Gets or sets whether reboot(2) is refused always, with EBUSY: a call whose refusal changes nothing does not end in a jump
    /// then.</summary>
    public bool HoldsReboot { get; set; }

    /// <summary>Gets or sets a path that nothing is found at; null for none.</summary>
    public string? MissingPath { get; set; }

    /// <summary>Arms it.</summary>
    /// <param name="nth">Which call, from 1 on.</param>
    /// <param name="errno">What it is refused with.</param>
    public void Arm(int nth, Errno errno)
    {
        _thread = Environment.CurrentManagedThreadId;
        _left = nth;
        _errno = errno;
        _killer = null;
        Refused = null;
    }

    /// <summary>Arms it to kill the process in the place of a call.</summary>
    /// <param name="nth">Which call, from 1 on.</param>
    /// <param name="faults">The machine's faults.</param>
    public void ArmKill(int nth, FaultInjection faults)
    {
        Arm(nth, Errno.EIO);
        _killer = faults;
    }

    /// <summary>Gets whether the process was killed, or its kernel has ended.</summary>
    public bool IsGone => _process.HasEnded || _process.WasKilled;

    /// <summary>Ends the program where process or kernel is gone.</summary>
    public void ThrowIfGone()
    {
        if (IsGone)
        {
            // Any call of a process that is gone ends it.
            _process.CountHugePages();
        }
    }

    /// <summary>Lets every call through again.</summary>
    public void Disarm() => _left = 0;

    public override int Open(string path, int flags, uint mode = 0) =>
        Refuses($"open {path}") ? Answer : path == MissingPath ? -(int)Errno.ENOENT : base.Open(path, flags, mode);

    public override int ReadDirectory(string path, out string[] names)
    {
        names = [];
        return Refuses($"readdir {path}") ? Answer : base.ReadDirectory(path, out names);
    }

    public override int Ioctl(SafeHandle file, uint request, Span<byte> argument)
    {
        try
        {
            return Refuses($"ioctl 0x{request:x}") ? Answer : base.Ioctl(file, request, argument);
        }
        catch (Exception end) when (IsEndOfAnotherThread(end))
        {
            return Gone;
        }
    }

    public override int Ioctl(SafeHandle file, uint request, nint argument)
    {
        try
        {
            return Refuses($"ioctl 0x{request:x}") ? Answer : base.Ioctl(file, request, argument);
        }
        catch (Exception end) when (IsEndOfAnotherThread(end))
        {
            return Gone;
        }
    }

    public override int Fcntl(SafeHandle file, int command, nint argument = 0) =>
        Refuses($"fcntl {command}") ? Answer : base.Fcntl(file, command, argument);

    public override int MemfdCreate(string name, uint flags) =>
        Refuses($"memfd_create {name}") ? Answer : base.MemfdCreate(name, flags);

    public override int FTruncate(SafeHandle file, long length) => Refuses("ftruncate") ? Answer : base.FTruncate(file, length);

    public override int FAllocate(SafeHandle file, int mode, long offset, long length) =>
        Refuses("fallocate") ? Answer : base.FAllocate(file, mode, offset, length);

    public override long LSeek(SafeHandle file, long offset, SeekOrigin whence) =>
        Refuses("lseek") ? Answer : base.LSeek(file, offset, whence);

    public override nint Read(SafeHandle file, Span<byte> buffer) => Refuses("read") ? Answer : base.Read(file, buffer);

    public override nint Write(SafeHandle file, ReadOnlySpan<byte> buffer) => Refuses("write") ? Answer : base.Write(file, buffer);

    public override nint PRead(SafeHandle file, Span<byte> buffer, long offset) =>
        Refuses("pread") ? Answer : base.PRead(file, buffer, offset);

    public override nint PWrite(SafeHandle file, ReadOnlySpan<byte> buffer, long offset) =>
        Refuses("pwrite") ? Answer : base.PWrite(file, buffer, offset);

    public override int FStat(SafeHandle file, out FileStatus status)
    {
        status = default;
        return Refuses("statx") ? Answer : base.FStat(file, out status);
    }

    public override int ReadLink(SafeHandle file, out string text)
    {
        text = "";
        return Refuses("readlink") ? Answer : base.ReadLink(file, out text);
    }

    public override nint MMap(nuint length, int protection, int flags, SafeHandle file, long offset) =>
        Refuses("mmap") ? Answer : base.MMap(length, protection, flags, file, offset);

    public override int MAdvise(nint address, nuint length, int advice) =>
        Refuses($"madvise {advice}") ? Answer : base.MAdvise(address, length, advice);

    public override int KexecFileLoad(SafeHandle? kernel, SafeHandle? initrd, string commandLine, uint flags) =>
        Refuses("kexec_file_load") ? Answer : base.KexecFileLoad(kernel, initrd, commandLine, flags);

    public override int Reboot(uint command) =>
        Refuses("reboot") ? Answer : HoldsReboot ? -(int)Errno.EBUSY : base.Reboot(command);

    private static int Gone => -(int)Errno.EIO;

    private int Answer => IsGone ? Gone : -(int)_errno;

    // A vCPU's thread runs when the process is killed by another.
    private bool IsEndOfAnotherThread(Exception end) =>
        end is EmulatedKillException or EmulatedRebootException && Environment.CurrentManagedThreadId != _thread;

    private bool Refuses(string call)
    {
        if (IsGone && Environment.CurrentManagedThreadId != _thread)
        {
            return true;
        }

        if (_left == 0 || Environment.CurrentManagedThreadId != _thread || --_left > 0)
        {
            return false;
        }

        Refused = call;
        if (_killer is null)
        {
            return true;
        }

        _killer.KillProcess();
        return false;
    }
}

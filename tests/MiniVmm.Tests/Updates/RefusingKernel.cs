using System.Runtime.InteropServices;
using LuoInterop;

namespace MiniVmm.Tests.Updates;

/// <summary>Refuses one call of the thread that armed it, the n-th; the vCPUs' threads are not touched.</summary>
/// <remarks>close(2) and munmap(2) are not among them: what they answer changes nothing.</remarks>
internal sealed class RefusingKernel(Kernel kernel) : ForwardingKernel(kernel)
{
    private int _thread;
    private int _left;
    private Errno _errno;

    /// <summary>Gets the name of the call that was refused; null when none was.</summary>
    public string? Refused { get; private set; }

    /// <summary>Gets or sets whether reboot(2) is refused always, with EBUSY: a call whose refusal changes nothing does not end in a jump
    /// then.</summary>
    public bool HoldsReboot { get; set; }

    /// <summary>Arms it.</summary>
    /// <param name="nth">Which call, from 1 on.</param>
    /// <param name="errno">What it is refused with.</param>
    public void Arm(int nth, Errno errno)
    {
        _thread = Environment.CurrentManagedThreadId;
        _left = nth;
        _errno = errno;
        Refused = null;
    }

    /// <summary>Lets every call through again.</summary>
    public void Disarm() => _left = 0;

    public override int Open(string path, int flags, uint mode = 0) =>
        Refuses($"open {path}") ? Answer : base.Open(path, flags, mode);

    public override int ReadDirectory(string path, out string[] names)
    {
        names = [];
        return Refuses($"readdir {path}") ? Answer : base.ReadDirectory(path, out names);
    }

    public override int Ioctl(SafeHandle file, uint request, Span<byte> argument) =>
        Refuses($"ioctl 0x{request:x}") ? Answer : base.Ioctl(file, request, argument);

    public override int Ioctl(SafeHandle file, uint request, nint argument) =>
        Refuses($"ioctl 0x{request:x}") ? Answer : base.Ioctl(file, request, argument);

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

    private int Answer => -(int)_errno;

    private bool Refuses(string call)
    {
        if (_left == 0 || Environment.CurrentManagedThreadId != _thread || --_left > 0)
        {
            return false;
        }

        Refused = call;
        return true;
    }
}

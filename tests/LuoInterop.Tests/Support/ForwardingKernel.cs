using System.Runtime.InteropServices;

namespace LuoInterop.Tests.Support;

/// <summary>Forwards every call to the kernel of this process; tests override what they script.</summary>
internal abstract class ForwardingKernel : Kernel
{
    public override string Description => "a scripted kernel on " + Linux.Description;

    public override string Release => Linux.Release;

    public override string CommandLine => Linux.CommandLine;

    public override int Open(string path, int flags, uint mode = 0) => Linux.Open(path, flags, mode);

    public override int Close(int fd) => Linux.Close(fd);

    public override int ReadDirectory(string path, out string[] names) => Linux.ReadDirectory(path, out names);

    public override int Ioctl(SafeHandle file, uint request, Span<byte> argument) => Linux.Ioctl(file, request, argument);

    public override int Ioctl(SafeHandle file, uint request, nint argument) => Linux.Ioctl(file, request, argument);

    public override int Fcntl(SafeHandle file, int command, nint argument = 0) => Linux.Fcntl(file, command, argument);

    public override int MemfdCreate(string name, uint flags) => Linux.MemfdCreate(name, flags);

    public override int FTruncate(SafeHandle file, long length) => Linux.FTruncate(file, length);

    public override int FAllocate(SafeHandle file, int mode, long offset, long length) => Linux.FAllocate(file, mode, offset, length);

    public override int FChmod(SafeHandle file, uint mode) => Linux.FChmod(file, mode);

    public override long LSeek(SafeHandle file, long offset, SeekOrigin whence) => Linux.LSeek(file, offset, whence);

    public override nint Read(SafeHandle file, Span<byte> buffer) => Linux.Read(file, buffer);

    public override nint Write(SafeHandle file, ReadOnlySpan<byte> buffer) => Linux.Write(file, buffer);

    public override nint PRead(SafeHandle file, Span<byte> buffer, long offset) => Linux.PRead(file, buffer, offset);

    public override nint PWrite(SafeHandle file, ReadOnlySpan<byte> buffer, long offset) => Linux.PWrite(file, buffer, offset);

    public override int FStat(SafeHandle file, out FileStatus status) => Linux.FStat(file, out status);

    public override int ReadLink(SafeHandle file, out string text) => Linux.ReadLink(file, out text);

    public override nint MMap(nuint length, int protection, int flags, SafeHandle file, long offset) =>
        Linux.MMap(length, protection, flags, file, offset);

    public override int MUnmap(nint address, nuint length) => Linux.MUnmap(address, length);

    public override int MAdvise(nint address, nuint length, int advice) => Linux.MAdvise(address, length, advice);

    // A test never replaces or stops the machine that it runs on.
    public override int KexecFileLoad(SafeHandle? kernel, SafeHandle? initrd, string commandLine, uint flags) =>
        throw new InvalidOperationException("The test does not script kexec_file_load.");

    public override int Reboot(uint command) => throw new InvalidOperationException("The test does not script reboot.");
}

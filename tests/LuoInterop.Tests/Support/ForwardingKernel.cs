using System.Runtime.InteropServices;

namespace LuoInterop.Tests.Support;

/// <summary>Forwards every call to another kernel, by default that of this process; tests override what they script.</summary>
/// <remarks>One that scripts the kernel of this process stands for a machine of its own.</remarks>
internal abstract class ForwardingKernel : Kernel
{
    private readonly Kernel _inner;
    private readonly bool _isNamed;

    protected ForwardingKernel(Kernel? inner = null)
        : base(inner)
    {
        _inner = inner ?? Linux;
        _isNamed = inner is not null;
    }

    public override string Description => "a scripted kernel on " + _inner.Description;

    public override string Release => _inner.Release;

    public override string CommandLine => _inner.CommandLine;

    public override int Open(string path, int flags, uint mode = 0) => _inner.Open(path, flags, mode);

    public override int Close(int fd) => _inner.Close(fd);

    public override int ReadDirectory(string path, out string[] names) => _inner.ReadDirectory(path, out names);

    public override int Ioctl(SafeHandle file, uint request, Span<byte> argument) => _inner.Ioctl(file, request, argument);

    public override int Ioctl(SafeHandle file, uint request, nint argument) => _inner.Ioctl(file, request, argument);

    public override int Fcntl(SafeHandle file, int command, nint argument = 0) => _inner.Fcntl(file, command, argument);

    public override int MemfdCreate(string name, uint flags) => _inner.MemfdCreate(name, flags);

    public override int FTruncate(SafeHandle file, long length) => _inner.FTruncate(file, length);

    public override int FAllocate(SafeHandle file, int mode, long offset, long length) => _inner.FAllocate(file, mode, offset, length);

    public override int FChmod(SafeHandle file, uint mode) => _inner.FChmod(file, mode);

    public override long LSeek(SafeHandle file, long offset, SeekOrigin whence) => _inner.LSeek(file, offset, whence);

    public override nint Read(SafeHandle file, Span<byte> buffer) => _inner.Read(file, buffer);

    public override nint Write(SafeHandle file, ReadOnlySpan<byte> buffer) => _inner.Write(file, buffer);

    public override nint PRead(SafeHandle file, Span<byte> buffer, long offset) => _inner.PRead(file, buffer, offset);

    public override nint PWrite(SafeHandle file, ReadOnlySpan<byte> buffer, long offset) => _inner.PWrite(file, buffer, offset);

    public override int FStat(SafeHandle file, out FileStatus status) => _inner.FStat(file, out status);

    public override int ReadLink(SafeHandle file, out string text) => _inner.ReadLink(file, out text);

    public override nint MMap(nuint length, int protection, int flags, SafeHandle file, long offset) =>
        _inner.MMap(length, protection, flags, file, offset);

    public override int MUnmap(nint address, nuint length) => _inner.MUnmap(address, length);

    public override int MAdvise(nint address, nuint length, int advice) => _inner.MAdvise(address, length, advice);

    // A test never replaces or stops the machine that it runs on, unless it names that kernel, as in a VM.
    public override int KexecFileLoad(SafeHandle? kernel, SafeHandle? initrd, string commandLine, uint flags) =>
        NotTheHost().KexecFileLoad(kernel, initrd, commandLine, flags);

    public override int Reboot(uint command) => NotTheHost().Reboot(command);

    private Kernel NotTheHost() =>
        _isNamed ? _inner : throw new InvalidOperationException("The test does not script kexec_file_load and reboot.");

    internal override void Owned(SafeHandle handle) => _inner.Owned(handle);
}

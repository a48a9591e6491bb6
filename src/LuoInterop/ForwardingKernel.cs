using System.Runtime.InteropServices;

namespace LuoInterop;

/// <summary>Passes every call on to another kernel: a program's tests derive from it, and override the calls whose answers they
/// script.</summary>
/// <remarks>
/// <para>So a refusal that Linux gives seldom can be had at will, on Linux and on the emulated kernel. It stands for the machine of the
/// kernel that it passes calls on to, and shares what guards that machine's sessions; a member that <see cref="Kernel"/> gets
/// later is passed
/// on too.</para>
/// <para>Members may be called from several threads at once, as far as what a derived class adds allows it.</para>
/// </remarks>
public abstract class ForwardingKernel : Kernel
{
    private readonly Kernel _kernel;

    /// <summary>Makes a kernel that passes calls on.</summary>
    /// <param name="kernel">The kernel that answers. It stays the caller's.</param>
    protected ForwardingKernel(Kernel kernel)
        : base(kernel ?? throw new ArgumentNullException(nameof(kernel))) => _kernel = kernel;

    /// <summary>Makes a kernel that passes calls on to Linux, but stands for a machine of its own. Not for programs: its reboot is
    /// not guarded.</summary>
    private protected ForwardingKernel() => _kernel = Linux;

    /// <inheritdoc/>
    public override string Description => _kernel.Description;

    /// <inheritdoc/>
    public override string Release => _kernel.Release;

    /// <inheritdoc/>
    public override string CommandLine => _kernel.CommandLine;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Differences => _kernel.Differences;

    /// <inheritdoc/>
    public override string? DescribeHolders(string path) => _kernel.DescribeHolders(path);

    /// <inheritdoc/>
    public override int Open(string path, int flags, uint mode = 0) => _kernel.Open(path, flags, mode);

    /// <inheritdoc/>
    public override int Close(int fd) => _kernel.Close(fd);

    /// <inheritdoc/>
    public override int ReadDirectory(string path, out string[] names) => _kernel.ReadDirectory(path, out names);

    /// <inheritdoc/>
    public override int Ioctl(SafeHandle file, uint request, Span<byte> argument) => _kernel.Ioctl(file, request, argument);

    /// <inheritdoc/>
    public override int Ioctl(SafeHandle file, uint request, nint argument) => _kernel.Ioctl(file, request, argument);

    /// <inheritdoc/>
    public override int Fcntl(SafeHandle file, int command, nint argument = 0) => _kernel.Fcntl(file, command, argument);

    /// <inheritdoc/>
    public override int MemfdCreate(string name, uint flags) => _kernel.MemfdCreate(name, flags);

    /// <inheritdoc/>
    public override int FTruncate(SafeHandle file, long length) => _kernel.FTruncate(file, length);

    /// <inheritdoc/>
    public override int FAllocate(SafeHandle file, int mode, long offset, long length) =>
        _kernel.FAllocate(file, mode, offset, length);

    /// <inheritdoc/>
    public override int FChmod(SafeHandle file, uint mode) => _kernel.FChmod(file, mode);

    /// <inheritdoc/>
    public override long LSeek(SafeHandle file, long offset, SeekOrigin whence) => _kernel.LSeek(file, offset, whence);

    /// <inheritdoc/>
    public override nint Read(SafeHandle file, Span<byte> buffer) => _kernel.Read(file, buffer);

    /// <inheritdoc/>
    public override nint Write(SafeHandle file, ReadOnlySpan<byte> buffer) => _kernel.Write(file, buffer);

    /// <inheritdoc/>
    public override nint PRead(SafeHandle file, Span<byte> buffer, long offset) => _kernel.PRead(file, buffer, offset);

    /// <inheritdoc/>
    public override nint PWrite(SafeHandle file, ReadOnlySpan<byte> buffer, long offset) => _kernel.PWrite(file, buffer, offset);

    /// <inheritdoc/>
    public override int FStat(SafeHandle file, out FileStatus status) => _kernel.FStat(file, out status);

    /// <inheritdoc/>
    public override int ReadLink(SafeHandle file, out string text) => _kernel.ReadLink(file, out text);

    /// <inheritdoc/>
    public override nint MMap(nuint length, int protection, int flags, SafeHandle file, long offset) =>
        _kernel.MMap(length, protection, flags, file, offset);

    /// <inheritdoc/>
    public override int MUnmap(nint address, nuint length) => _kernel.MUnmap(address, length);

    /// <inheritdoc/>
    public override int MAdvise(nint address, nuint length, int advice) => _kernel.MAdvise(address, length, advice);

    /// <inheritdoc/>
    public override int KexecFileLoad(SafeHandle? kernel, SafeHandle? initrd, string commandLine, uint flags) =>
        _kernel.KexecFileLoad(kernel, initrd, commandLine, flags);

    /// <inheritdoc/>
    public override int Reboot(uint command) => _kernel.Reboot(command);

    internal override void Owned(SafeHandle handle) => _kernel.Owned(handle);
}

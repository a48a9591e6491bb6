using System.Runtime.InteropServices;

namespace LuoInterop.Kho.Tests;

/// <summary>Passes the calls that <see cref="KhoDebugFs"/> needs to Linux, but for refusals and file systems that a test sets.</summary>
internal sealed class ScriptedKernel() : ForwardingKernel(Linux)
{
    /// <summary>Gets the refusals of open and readdir, by path.</summary>
    public Dictionary<string, Errno> Refusals { get; } = [];

    /// <summary>Gets the first answers of pread, before the real ones.</summary>
    public Queue<Errno> ReadErrors { get; } = [];

    public long? FileSystemType { get; set; }

    /// <summary>Gets the descriptors that are open.</summary>
    public HashSet<int> OpenDescriptors { get; } = [];

    public override string Description => "scripted";

    public override string Release => Linux.Release;

    public override string CommandLine => "";

    public override int Open(string path, int flags, uint mode = 0)
    {
        int fd = Refusals.TryGetValue(path, out Errno errno) ? -(int)errno : Linux.Open(path, flags, mode);
        if (fd >= 0)
        {
            OpenDescriptors.Add(fd);
        }

        return fd;
    }

    public override int Close(int fd)
    {
        Assert.True(OpenDescriptors.Remove(fd));
        return Linux.Close(fd);
    }

    public override int ReadDirectory(string path, out string[] names)
    {
        names = [];
        return Refusals.TryGetValue(path, out Errno errno) ? -(int)errno : Linux.ReadDirectory(path, out names);
    }

    // A few bytes at a time, so that every file takes several calls.
    public override nint PRead(SafeHandle file, Span<byte> buffer, long offset) =>
        ReadErrors.TryDequeue(out Errno errno) ? -(int)errno : Linux.PRead(file, buffer[..Math.Min(buffer.Length, 7)], offset);

    public override int FStat(SafeHandle file, out FileStatus status)
    {
        int result = Linux.FStat(file, out status);
        status = status with { FileSystemType = FileSystemType ?? status.FileSystemType };
        return result;
    }

    public override int Ioctl(SafeHandle file, uint request, Span<byte> argument) => throw NotReadOnly();

    public override int Ioctl(SafeHandle file, uint request, nint argument) => throw NotReadOnly();

    public override int Fcntl(SafeHandle file, int command, nint argument = 0) => throw NotReadOnly();

    public override int MemfdCreate(string name, uint flags) => throw NotReadOnly();

    public override int FTruncate(SafeHandle file, long length) => throw NotReadOnly();

    public override int FAllocate(SafeHandle file, int mode, long offset, long length) => throw NotReadOnly();

    public override int FChmod(SafeHandle file, uint mode) => throw NotReadOnly();

    public override long LSeek(SafeHandle file, long offset, SeekOrigin whence) => throw NotReadOnly();

    public override nint Read(SafeHandle file, Span<byte> buffer) => throw NotReadOnly();

    public override nint Write(SafeHandle file, ReadOnlySpan<byte> buffer) => throw NotReadOnly();

    public override nint PWrite(SafeHandle file, ReadOnlySpan<byte> buffer, long offset) => throw NotReadOnly();

    public override int ReadLink(SafeHandle file, out string text) => throw NotReadOnly();

    public override nint MMap(nuint length, int protection, int flags, SafeHandle file, long offset) => throw NotReadOnly();

    public override int MUnmap(nint address, nuint length) => throw NotReadOnly();

    public override int MAdvise(nint address, nuint length, int advice) => throw NotReadOnly();

    public override int KexecFileLoad(SafeHandle? kernel, SafeHandle? initrd, string commandLine, uint flags) => throw NotReadOnly();

    public override int Reboot(uint command) => throw NotReadOnly();

    private static InvalidOperationException NotReadOnly() => new("KhoDebugFs only opens, lists and reads.");
}

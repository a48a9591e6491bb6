using System.Runtime.InteropServices;
using LuoInterop.Interop;
using static System.FormattableString;

namespace LuoInterop;

/// <summary>Writes what a program does to live update as a litmus script, while another kernel answers.</summary>
/// <remarks>
/// <para>Hand it to the library in place of the kernel. The script (<c>docs/litmus.md</c>) has a line for every call with what
/// was observed of it, so that it can be replayed on another kernel: <c>luoctl replay --expect</c>. What is written into files
/// is not in it, only how much; calls that the language does not have stand there as comments.</para>
/// <para>Every member may be called from several threads at once; a line is written when its call has returned, and a kexec
/// before it is made. The writer is flushed after every line, and belongs to the caller.</para>
/// </remarks>
/// <param name="kernel">The kernel that answers.</param>
/// <param name="script">Receives the script.</param>
public sealed class TracingKernel(Kernel kernel, TextWriter script) : Kernel
{
    private readonly Kernel _kernel = kernel ?? throw new ArgumentNullException(nameof(kernel));
    private readonly TraceScript _script = new(script ?? throw new ArgumentNullException(nameof(script)));

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
    public override int Open(string path, int flags, uint mode = 0)
    {
        int fd = _kernel.Open(path, flags, mode);
        _script.Opened(path, flags, fd);
        return fd;
    }

    /// <inheritdoc/>
    public override int Close(int fd)
    {
        int result = _kernel.Close(fd);
        _script.Closed(fd, result);
        return result;
    }

    /// <inheritdoc/>
    public override int ReadDirectory(string path, out string[] names) => _kernel.ReadDirectory(path, out names);

    /// <inheritdoc/>
    public override int Ioctl(SafeHandle file, uint request, Span<byte> argument)
    {
        // The kernel writes into the structure: what was passed is looked at before.
        var passed = TracedRequest.Of(request, argument);
        int result = _kernel.Ioctl(file, request, argument);
        _script.Requested(file, passed, argument, result);
        return result;
    }

    /// <inheritdoc/>
    public override int Ioctl(SafeHandle file, uint request, nint argument)
    {
        int result = _kernel.Ioctl(file, request, argument);
        _script.Comment($"ioctl {_script.Name(file)} 0x{request:x} with an address", result);
        return result;
    }

    /// <inheritdoc/>
    public override int Fcntl(SafeHandle file, int command, nint argument = 0)
    {
        int result = _kernel.Fcntl(file, command, argument);
        switch (command)
        {
            case FcntlHeader.F_DUPFD_CLOEXEC:
                _script.Named($"dup {_script.Name(file)}", result, 'f');
                break;
            case FcntlHeader.F_ADD_SEALS:
                _script.Line(file, "add_seals", $"0x{argument:x}", result);
                break;
            case FcntlHeader.F_SETFL:
                _script.Line(file, "setfl", $"0x{argument:x}", result);
                break;
            case FcntlHeader.F_GET_SEALS:
                _script.Unexpected(file, "seals", "");
                break;
            case FcntlHeader.F_GETFL:
                _script.Unexpected(file, "getfl", "");
                break;
            case FcntlHeader.F_GETFD:
                _script.Line(file, "getfd", "", result);
                break;
            default:
                _script.Comment(Invariant($"fcntl {_script.Name(file)} {command} 0x{argument:x}"), result);
                break;
        }

        return result;
    }

    /// <inheritdoc/>
    public override int MemfdCreate(string name, uint flags)
    {
        int fd = _kernel.MemfdCreate(name, flags);
        _script.Named($"memfd flags=0x{flags:x} name={TraceScript.Quote(name)}", fd, 'm');
        return fd;
    }

    /// <inheritdoc/>
    public override int FTruncate(SafeHandle file, long length) =>
        (int)_script.Line(file, "truncate", Invariant($"{length}"), _kernel.FTruncate(file, length));

    /// <inheritdoc/>
    public override int FAllocate(SafeHandle file, int mode, long offset, long length) =>
        (int)_script.Line(file, "fallocate", Invariant($"0x{mode:x} {offset} {length}"), _kernel.FAllocate(file, mode, offset, length));

    /// <inheritdoc/>
    public override int FChmod(SafeHandle file, uint mode) =>
        (int)_script.Line(file, "chmod", $"0x{mode:x}", _kernel.FChmod(file, mode));

    /// <inheritdoc/>
    public override long LSeek(SafeHandle file, long offset, SeekOrigin whence)
    {
        long position = _kernel.LSeek(file, offset, whence);
        string word = whence switch { SeekOrigin.Begin => "SET", SeekOrigin.Current => "CUR", SeekOrigin.End => "END", (SeekOrigin)3 => "DATA", (SeekOrigin)4 => "HOLE", _ => "" };
        string arguments = Invariant($"{offset} {word}");
        return word.Length > 0 ? _script.Line(file, "lseek", arguments, position) : _script.Comment($"lseek {_script.Name(file)} {arguments}", position);
    }

    /// <inheritdoc/>
    public override nint Read(SafeHandle file, Span<byte> buffer)
    {
        nint count = _kernel.Read(file, buffer);
        _script.Unexpected(file, "read", Invariant($"{buffer.Length}"));
        return count;
    }

    /// <inheritdoc/>
    public override nint Write(SafeHandle file, ReadOnlySpan<byte> buffer) =>
        (nint)_script.Line(file, "write", Invariant($"{buffer.Length}"), _kernel.Write(file, buffer));

    /// <inheritdoc/>
    public override nint PRead(SafeHandle file, Span<byte> buffer, long offset)
    {
        nint count = _kernel.PRead(file, buffer, offset);
        _script.Unexpected(file, "pread", Invariant($"{offset} {buffer.Length}"));
        return count;
    }

    /// <inheritdoc/>
    public override nint PWrite(SafeHandle file, ReadOnlySpan<byte> buffer, long offset) =>
        (nint)_script.Line(file, "pwrite", Invariant($"{offset} {buffer.Length}"), _kernel.PWrite(file, buffer, offset));

    /// <inheritdoc/>
    public override int FStat(SafeHandle file, out FileStatus status)
    {
        int result = _kernel.FStat(file, out status);
        _script.Unexpected(file, "stat", "");
        return result;
    }

    /// <inheritdoc/>
    public override int ReadLink(SafeHandle file, out string text)
    {
        int result = _kernel.ReadLink(file, out text);
        _script.Unexpected(file, "link", "");
        return result;
    }

    /// <inheritdoc/>
    public override nint MMap(nuint length, int protection, int flags, SafeHandle file, long offset)
    {
        nint address = _kernel.MMap(length, protection, flags, file, offset);
        string arguments = Invariant($"{length} prot=0x{protection:x}{((flags & MmanHeader.MAP_PRIVATE) != 0 ? " private" : "")}");
        long result = address is < 0 and >= -4095 ? address : 0;
        if (offset == 0)
        {
            _script.Line(file, "map", arguments, result);
        }
        else
        {
            _script.Comment(Invariant($"map {_script.Name(file)} {arguments}, from offset {offset} on"), result);
        }

        return address;
    }

    /// <inheritdoc/>
    public override int MUnmap(nint address, nuint length) => (int)_script.Comment(Invariant($"munmap of {length} bytes"), _kernel.MUnmap(address, length));

    /// <inheritdoc/>
    public override int MAdvise(nint address, nuint length, int advice) =>
        (int)_script.Comment(Invariant($"madvise {advice} of {length} bytes"), _kernel.MAdvise(address, length, advice));

    /// <inheritdoc/>
    public override int KexecFileLoad(SafeHandle? kernel, SafeHandle? initrd, string commandLine, uint flags) =>
        (int)_script.Comment("kexec_file_load, a part of kexec here", _kernel.KexecFileLoad(kernel, initrd, commandLine, flags));

    /// <inheritdoc/>
    public override int Reboot(uint command)
    {
        if (command != RebootHeader.LINUX_REBOOT_CMD_KEXEC)
        {
            _script.Comment($"reboot 0x{command:x}", 0);
            return _kernel.Reboot(command);
        }

        // Written before: a kernel that obeys does not come back. An emulated one leaves by an exception, and what is closed
        // on the way out belongs to a process that is no more.
        _script.Begin("kexec");
        try
        {
            return _script.Refused(_kernel.Reboot(command));
        }
        finally
        {
            _script.EndLine();
        }
    }
}

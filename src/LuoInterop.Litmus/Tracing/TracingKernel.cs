using System.Runtime.InteropServices;
using LuoInterop.Interop;
using LuoInterop.Kvm.Interop;
using LuoInterop.Shared.Tracing;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using static System.FormattableString;

namespace LuoInterop.Litmus;

/// <summary>Writes what a program does to live update as a litmus script, while another kernel answers.</summary>
/// <remarks>
/// <para>Hand it to the library in place of the kernel. The script (<c>docs/litmus.md</c>) has a line for every call with what
/// was observed of it, so that it can be replayed on another kernel: <c>luoctl replay --expect</c>. What is written into files
/// is not in it, only how much; calls that the language does not have stand there as comments.</para>
/// <para>Every member may be called from several threads at once; a line is written when its call has returned, and a kexec
/// before it is made. The writer is flushed after every line, and belongs to the caller. Where it fails, the call that could not be
/// written is answered all the same, and the next one throws <see cref="IOException"/> before the kernel is asked.</para>
/// <para>A file that is closed past this object, as by another <see cref="Kernel"/>, has no line for it; when its number is given out again
/// the trace says so. What a <see cref="KernelHandle"/> closes is seen, also when the garbage collector does it.</para>
/// </remarks>
/// <param name="kernel">The kernel that answers.</param>
/// <param name="script">Receives the script.</param>
public sealed class TracingKernel(Kernel kernel, TextWriter script) : ForwardingKernel(kernel)
{
    private readonly Kernel _kernel = kernel;
    private readonly TraceScript _script = new(script ?? throw new ArgumentNullException(nameof(script)));

    /// <inheritdoc/>
    public override int Open(string path, int flags, uint mode = 0)
    {
        _script.ThrowIfFailed();
        TracedFile? linked = _script.Linked(path ?? throw new ArgumentNullException(nameof(path)));
        int fd = _kernel.Open(path, flags, mode);
        try
        {
            _script.Opened(path, linked, flags, fd);
        }
        catch (Exception error) when (_script.Failed(error))
        {
            // The descriptor has to reach its owner.
        }

        return fd;
    }

    /// <inheritdoc/>
    public override int Close(int fd)
    {
        // The name goes first: once the kernel has closed it the number may be another thread's.
        string? name = _script.Closing(fd);
        int result = _kernel.Close(fd);
        if (name is not null)
        {
            _script.Write($"close {name} => {TraceScript.Describe(result)}");
        }

        return result;
    }

    /// <inheritdoc/>
    public override int ReadDirectory(string path, out string[] names)
    {
        _script.ThrowIfFailed();
        return _kernel.ReadDirectory(path, out names);
    }

    /// <inheritdoc/>
    public override int Ioctl(SafeHandle file, uint request, Span<byte> argument)
    {
        TracedFile name = Find(file);

        // The kernel writes into the structure: what was passed is looked at before.
        var passed = TracedRequest.Of(request, argument);
        TracedFile passedFile = _script.Find(passed.SecondWord);
        int result = _kernel.Ioctl(file, request, argument);
        try
        {
            _script.Requested(name, passed, passedFile, result, passed.GivenBy(argument, result));
        }
        catch (Exception error) when (_script.Failed(error))
        {
            // A descriptor in the answer has to reach its owner.
        }

        return result;
    }

    /// <inheritdoc/>
    public override int Ioctl(SafeHandle file, uint request, nint argument)
    {
        TracedFile name = Find(file);
        int result = _kernel.Ioctl(file, request, argument);
        try
        {
            if (request is KvmHeader.KVM_CREATE_VM or KvmHeader.KVM_CREATE_VCPU or KvmHeader.KVM_CREATE_GUEST_MEMFD)
            {
                _script.Given(result);
            }

            _script.Comment($"ioctl {name.Name} 0x{request:x} with an address", result);
        }
        catch (Exception error) when (_script.Failed(error))
        {
            // As above.
        }

        return result;
    }

    /// <inheritdoc/>
    public override int Fcntl(SafeHandle file, int command, nint argument = 0)
    {
        TracedFile name = Find(file);
        int result = _kernel.Fcntl(file, command, argument);
        try
        {
            Write(name, command, argument, result);
        }
        catch (Exception error) when (_script.Failed(error))
        {
            // As above.
        }

        return result;
    }

    /// <inheritdoc/>
    public override int MemfdCreate(string name, uint flags)
    {
        _script.ThrowIfFailed();
        int fd = _kernel.MemfdCreate(name, flags);
        try
        {
            _script.Named($"memfd flags=0x{flags:x} name={TraceScript.Quote(name)}", fd, 'm');
        }
        catch (Exception error) when (_script.Failed(error))
        {
            // As above.
        }

        return fd;
    }

    /// <inheritdoc/>
    public override int FTruncate(SafeHandle file, long length) =>
        (int)_script.Line(Find(file), "truncate", Invariant($"{length}"), _kernel.FTruncate(file, length));

    /// <inheritdoc/>
    public override int FAllocate(SafeHandle file, int mode, long offset, long length) =>
        (int)_script.Line(Find(file), "fallocate", Invariant($"0x{mode:x} {offset} {length}"),
            _kernel.FAllocate(file, mode, offset, length));

    /// <inheritdoc/>
    public override int FChmod(SafeHandle file, uint mode) =>
        (int)_script.Line(Find(file), "chmod", $"0x{mode:x}", _kernel.FChmod(file, mode));

    /// <inheritdoc/>
    public override long LSeek(SafeHandle file, long offset, SeekOrigin whence)
    {
        TracedFile name = Find(file);
        long position = _kernel.LSeek(file, offset, whence);
        string word = whence switch { SeekOrigin.Begin => "SET", SeekOrigin.Current => "CUR",
            SeekOrigin.End => "END", (SeekOrigin)3 => "DATA", (SeekOrigin)4 => "HOLE", _ => "" };
        string arguments = Invariant($"{offset} {word}");
        return word.Length > 0 ? _script.Line(name, "lseek", arguments, position) : _script.Comment($"lseek {name.Name} "
            + $"{arguments}", position);
    }

    /// <inheritdoc/>
    public override nint Read(SafeHandle file, Span<byte> buffer)
    {
        TracedFile name = Find(file);
        nint count = _kernel.Read(file, buffer);
        _script.Unexpected(name, "read", Invariant($"{buffer.Length}"));
        return count;
    }

    /// <inheritdoc/>
    public override nint Write(SafeHandle file, ReadOnlySpan<byte> buffer) =>
        (nint)_script.Line(Find(file), "write", Invariant($"{buffer.Length}"), _kernel.Write(file, buffer));

    /// <inheritdoc/>
    public override nint PRead(SafeHandle file, Span<byte> buffer, long offset)
    {
        TracedFile name = Find(file);
        nint count = _kernel.PRead(file, buffer, offset);
        _script.Unexpected(name, "pread", Invariant($"{offset} {buffer.Length}"));
        return count;
    }

    /// <inheritdoc/>
    public override nint PWrite(SafeHandle file, ReadOnlySpan<byte> buffer, long offset) =>
        (nint)_script.Line(Find(file), "pwrite", Invariant($"{offset} {buffer.Length}"), _kernel.PWrite(file, buffer, offset));

    /// <inheritdoc/>
    public override int FStat(SafeHandle file, out FileStatus status)
    {
        TracedFile name = Find(file);
        int result = _kernel.FStat(file, out status);
        _script.Unexpected(name, "stat", "");
        return result;
    }

    /// <inheritdoc/>
    public override int ReadLink(SafeHandle file, out string text)
    {
        TracedFile name = Find(file);
        int result = _kernel.ReadLink(file, out text);
        _script.Unexpected(name, "link", "");
        return result;
    }

    /// <inheritdoc/>
    public override nint MMap(nuint length, int protection, int flags, SafeHandle file, long offset)
    {
        TracedFile name = Find(file);
        nint address = _kernel.MMap(length, protection, flags, file, offset);
        string arguments = Invariant($"{length} prot=0x{protection:x}{((flags & LibC.MAP_PRIVATE) != 0 ? " private" : "")}");
        long result = address is < 0 and >= -4095 ? address : 0;
        if (offset == 0 && (flags & ~(LibC.MAP_SHARED | LibC.MAP_PRIVATE)) == 0)
        {
            _script.Line(name, "map", arguments, result);
        }
        else
        {
            _script.Comment(Invariant($"map {name.Name} {arguments} flags=0x{flags:x}, from offset {offset} on"), result);
        }

        return address;
    }

    /// <inheritdoc/>
    public override int MUnmap(nint address, nuint length) =>
        (int)_script.Comment(Invariant($"munmap of {length} bytes"), _kernel.MUnmap(address, length));

    /// <inheritdoc/>
    public override int MAdvise(nint address, nuint length, int advice)
    {
        _script.ThrowIfFailed();
        return (int)_script.Comment(Invariant($"madvise {advice} of {length} bytes"), _kernel.MAdvise(address, length, advice));
    }

    /// <inheritdoc/>
    public override int KexecFileLoad(SafeHandle? kernel, SafeHandle? initrd, string commandLine, uint flags)
    {
        _script.ThrowIfFailed();
        return (int)_script.Comment("kexec_file_load, a part of kexec here", _kernel.KexecFileLoad(kernel, initrd, commandLine, flags));
    }

    /// <inheritdoc/>
    public override int Reboot(uint command)
    {
        _script.ThrowIfFailed();

        // Written before: a kernel that obeys does not come back. An emulated one leaves by an exception, and what is closed
        // on the way out belongs to a process that is no more.
        _script.Begin(command == RebootHeader.LINUX_REBOOT_CMD_KEXEC ? "kexec" : $"# reboot 0x{command:x}");
        try
        {
            return _script.Refused(_kernel.Reboot(command));
        }
        finally
        {
            _script.EndLine();
        }
    }

    private TracedFile Find(SafeHandle file)
    {
        ArgumentNullException.ThrowIfNull(file);
        _script.ThrowIfFailed();
        return _script.Find(file);
    }

    private void Write(TracedFile file, int command, nint argument, int result)
    {
        switch (command)
        {
            case FcntlHeader.F_DUPFD_CLOEXEC:
                _script.Named($"dup {file.Name}", result, 'f');
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
                _script.Comment(Invariant($"fcntl {file.Name} {command} 0x{argument:x}"), result);
                break;
        }
    }
}

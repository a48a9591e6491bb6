using System.Text.RegularExpressions;
using LuoInterop.Emulation.Boot;
using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Server.Calls;
using LuoInterop.Emulation.Server.Descriptors;
using LuoInterop.Interop;
using LuoInterop.Shared.Tracing;
using Tmds.Linux;
using static System.FormattableString;

namespace LuoInterop.Emulation.Server.Trace;

/// <summary>Writes what programs do on one kernel as a litmus script (<c>docs/litmus.md</c>).</summary>
/// <remarks>All processes of a kernel are one in the script: files are named by what they are, and not by a process' numbers. Every member
/// is called with the kernel's lock held, so that lines stand in the order of the calls.</remarks>
internal sealed partial class CallTrace
{
    // sizeof(struct liveupdate_ioctl_create_session), the largest of the structures.
    private const int LargestStructure = 72;

    private readonly TextWriter _writer;
    private readonly TraceScript _script;
    private readonly TracedMemory _memory;
    private readonly EmulatedKernel _system;
    private bool _jumped;

    private CallTrace(TextWriter writer, EmulatedKernel system)
    {
        _writer = writer;
        _system = system;
        _script = new TraceScript(writer);
        _memory = new TracedMemory(_script);
    }

    /// <summary>Gets why a line could not be written; null while all could.</summary>
    public Exception? Failure => _script.Failure;

    /// <summary>Begins the script of a machine whose first kernel this is.</summary>
    public static CallTrace Begin(TextWriter writer, EmulatedKernel system)
    {
        var trace = new CallTrace(writer, system);
        var usual = new EmulatedMachineOptions();
        string words = IsLike(system.Release, usual.Release) ? "" : $" release={system.Release}";
        words += system.CommandLine == usual.CommandLine ? "" : $" cmdline={TraceScript.Quote(system.CommandLine)}";
        if (words.Length > 0)
        {
            trace._script.Write("boot" + words);
        }

        return trace;
    }

    /// <summary>Goes on with the script in the next kernel; null where this one ended otherwise than by a kexec, which no script
    /// has.</summary>
    public CallTrace? Next(EmulatedKernel system)
    {
        if (_jumped)
        {
            return new CallTrace(_writer, system);
        }

        _script.Write("# the machine begins anew, with empty memory: what follows is not traced");
        return null;
    }

    /// <summary>Takes down an open of the device.</summary>
    public void Opened(TrappedCall call, int flags, int result) =>
        _script.Named($"open flags=0x{flags:x}", Key(call, result), 'd');

    /// <summary>Takes down an open of a file of the kernel through its link in /proc.</summary>
    public void Reopened(TrappedCall call, ulong socket, int flags, int result) =>
        _script.Named($"reopen {_script.Find((long)socket).Name} flags=0x{flags:x}", Key(call, result), 'f');

    /// <summary>Takes down that the last descriptor of a file of the kernel is gone.</summary>
    public void Closed(ulong socket)
    {
        if (_script.Closing((long)socket) is { } name)
        {
            _script.Write($"close {name} => 0");
        }
    }

    /// <summary>Looks at what is asked, before the kernel writes its answer there.</summary>
    public TracedIoctl Asked(TrappedCall call, uint request)
    {
        Span<byte> bytes = stackalloc byte[LargestStructure];
        int length = Read(call, bytes);
        var asked = TracedRequest.Of(request, bytes[..length]);
        TracedFile passed = request == LiveUpdateHeader.LIVEUPDATE_SESSION_PRESERVE_FD && asked.IsPlain
            ? Find(call, asked.SecondWord)
            : default;
        return new TracedIoctl(asked, Find(call, call.Int(0)), passed);
    }

    /// <summary>Takes down a request with its answer.</summary>
    public void Answered(TrappedCall call, TracedIoctl asked, int result)
    {
        Span<byte> bytes = stackalloc byte[LargestStructure];
        int given = asked.Request.GivenBy(bytes[..Read(call, bytes)], result);
        long key = given < 0 ? given
            : asked.Request.Request == LiveUpdateHeader.LIVEUPDATE_SESSION_RETRIEVE_FD ? _memory.Retrieved(call.Process, given)
            : Key(call, given);
        _script.Requested(asked.File, asked.Request, asked.Passed, result, key);
        if (result == 0 && asked.Request.Request == LiveUpdateHeader.LIVEUPDATE_SESSION_PRESERVE_FD)
        {
            _memory.Preserved(call.Process, asked.Request.SecondWord);
        }
    }

    /// <summary>Finds the name of a file of the calling process. What is in a memory file by now comes into the script first.</summary>
    public TracedFile Find(TrappedCall call, int fd)
    {
        ulong socket = RemoteProcess.FindSocket(call.Process, fd);
        return call.Kernel.Placeholders.Find(socket) is not { } file ? _memory.Find(call.Process, fd)

            // The process opened it past the trace, and the script has no name of it.
            : file is not PathFile && call.Find(fd) is PathFile ? _script.Find(-1)
            : _script.Find((long)socket);
    }

    /// <summary>Takes down a call that changes a file or looks at it.</summary>
    public void Changed(TrappedCall call, TracedFile file, long position, long result)
    {
        long first = (long)call.Address(1);
        switch (call.Number)
        {
            case Interop.CallNumbers.ftruncate:
                _script.Line(file, "truncate", Invariant($"{first}"), result);
                break;
            case Interop.CallNumbers.fallocate:
                _script.Line(file, "fallocate", Invariant($"0x{first:x} {call.Address(2)} {call.Address(3)}"), result);
                break;
            case Interop.CallNumbers.fchmod:
                _script.Line(file, "chmod", Invariant($"0x{first:x}"), result);
                break;
            case Interop.CallNumbers.fcntl when call.Int(1) == FcntlHeader.F_ADD_SEALS:
                _script.Line(file, "add_seals", Invariant($"0x{call.Address(2):x}"), result);
                break;
            case Interop.CallNumbers.fcntl:
                _script.Unexpected(file, call.Int(1) == FcntlHeader.F_GET_SEALS ? "seals" : "getfl", "");
                break;
            case Interop.CallNumbers.write when position < 0:
                _script.Line(file, "write", Invariant($"{call.Address(2)}"), result);
                break;
            case Interop.CallNumbers.write:
                _script.Line(file, "pwrite", Invariant($"{position} {call.Address(2)}"), result);
                break;
            case Interop.CallNumbers.pwrite64:
                _script.Line(file, "pwrite", Invariant($"{call.Address(3)} {call.Address(2)}"), result);
                break;
            default:
                _script.Unexpected(file, "pread", Invariant($"{call.Address(3)} {call.Address(2)}"));
                break;
        }

        _memory.Refresh(call.Process, call.Int(0));
    }

    /// <summary>Takes down that a kernel was loaded, or unloaded.</summary>
    public void Loaded(string line, int result) =>
        _script.Comment($"kexec_file_load {TraceScript.Quote(line)}, a part of kexec here", result);

    /// <summary>Calls reboot(2), and takes it down: before, as a kernel that obeys does not come back.</summary>
    public int Reboot(uint command, Func<int> reboot)
    {
        if (command != RebootHeader.LINUX_REBOOT_CMD_KEXEC || _system.Loaded is not { } next)
        {
            return (int)_script.Comment(Invariant($"reboot 0x{command:x}"), reboot());
        }

        string words = IsLike(next.Release, _system.Release) ? "" : $" release={next.Release}";
        words += next.CommandLine == new EmulatedMachineOptions().CommandLine ? "" : $" cmdline={TraceScript.Quote(next.CommandLine)}";
        try
        {
            int result = reboot();
            _script.Write($"kexec raw{words} => {TraceScript.Describe(result)}");
            return result;
        }
        catch (EmulatedKexecException)
        {
            _script.Write($"kexec raw{words}");
            _jumped = true;
            throw;
        }
    }

    private static long Key(TrappedCall call, int fd) => fd < 0 ? fd : (long)RemoteProcess.FindSocket(call.Process, fd);

    // As much of the structure as its size says and is there.
    private static int Read(TrappedCall call, Span<byte> bytes)
    {
        if (call.Memory(2).CopyFrom(bytes[..8]) != 0)
        {
            return 0;
        }

        uint size = System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        int length = (int)Math.Clamp(size, 8, LargestStructure);
        return call.Memory(2).CopyFrom(bytes[..length]) == 0 ? length : 8;
    }

    // Of one series of Linux, as 7.3.4 and 7.3.4-emulated are: a script that does not name it can be replayed on Linux.
    private static bool IsLike(string release, string other) => Series().Match(release).Value == Series().Match(other).Value;

    [GeneratedRegex(@"^\d+\.\d+")]
    private static partial Regex Series();
}

/// <summary>Holds what a request asked, until it is answered.</summary>
internal readonly record struct TracedIoctl(TracedRequest Request, TracedFile File, TracedFile Passed);

using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using LuoInterop.Interop;

namespace LuoInterop.Shared.Tracing;

/// <summary>Writes the lines of a trace of one kernel, and knows the names of files by keys: a process' numbers, or what names a file of
/// several processes.</summary>
internal sealed class TraceScript(TextWriter output)
{
    private const string FdFolder = "/proc/self/fd/";

    private readonly Lock _lock = new();
    private readonly Dictionary<long, string> _descriptors = [];
    private int _count;
    private bool _hasEnded;
    private Exception? _failure;

    /// <summary>Gets why a line could not be written; null while all could.</summary>
    public Exception? Failure => _failure;

    /// <summary>Refuses to go on where the trace could not be written: to be called before the kernel is asked.</summary>
    /// <exception cref="IOException">A line is missing from the trace.</exception>
    public void ThrowIfFailed()
    {
        if (_failure is not null)
        {
            throw new IOException("The trace could not be written, and no longer says what the program does.", _failure);
        }
    }

    /// <summary>Takes note of a failure to write what has happened; the caller of the kernel gets its answer first.</summary>
    /// <returns>True.</returns>
    public bool Failed(Exception error)
    {
        _failure ??= error;
        return true;
    }

    /// <summary>Finds the name of the descriptor that a handle is about to be used for.</summary>
    /// <remarks>To be asked before the call: afterwards another thread may have closed the handle, and the number be another's.</remarks>
    public TracedFile Find(SafeHandle file) => Find((int)file.DangerousGetHandle());

    /// <summary>Finds the name of a number, or of another key.</summary>
    public TracedFile Find(long fd)
    {
        lock (_lock)
        {
            return _descriptors.TryGetValue(fd, out string? known)
                ? new TracedFile(known, true)
                : new TracedFile(string.Create(CultureInfo.InvariantCulture, $"unknown{fd}"), false);
        }
    }

    /// <summary>Takes note that the kernel gave a number out: what it stood for before was closed.</summary>
    public void Given(long fd)
    {
        lock (_lock)
        {
            if (_descriptors.Remove(fd, out string? before))
            {
                Write($"# {before} was closed before this, past the trace");
            }
        }
    }

    /// <summary>Takes the name from a number that is about to be closed; null where it has none.</summary>
    public string? Closing(long fd)
    {
        lock (_lock)
        {
            return _descriptors.Remove(fd, out string? known) ? known : null;
        }
    }

    /// <summary>Writes an operation on a file with its result.</summary>
    /// <returns>The result.</returns>
    public long Line(TracedFile file, string verb, string arguments, long result)
    {
        string text = Operation(file, verb, arguments);
        Write(file.IsKnown ? $"{text} => {Describe(result)}" : $"# {text} => {Describe(result)}");
        return result;
    }

    /// <summary>Writes an operation on a file whose observation is no number, or depends on what was written.</summary>
    public void Unexpected(TracedFile file, string verb, string arguments)
    {
        string text = Operation(file, verb, arguments);
        Write(file.IsKnown ? text : "# " + text);
    }

    /// <summary>Writes what the language has no verb for.</summary>
    public long Comment(string text, long result)
    {
        Write($"# {text} => {Describe(result)}");
        return result;
    }

    /// <summary>Writes a line that gives a descriptor, and names that.</summary>
    /// <param name="text">The operation.</param>
    /// <param name="fd">The number, or another key; <c>-errno</c> where none was given.</param>
    /// <param name="kind">The first letter of the name.</param>
    public void Named(string text, long fd, char kind)
    {
        lock (_lock)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"{kind}{++_count}");
            if (fd >= 0)
            {
                Given(fd);
                _descriptors[fd] = name;
            }

            Write($"{name} = {text} => {Describe(Math.Min(fd, 0))}");
        }
    }

    /// <summary>Finds the name of the file that a path of /proc leads to; null for any other path.</summary>
    public TracedFile? Linked(string path) =>
        path.StartsWith(FdFolder, StringComparison.Ordinal) && int.TryParse(
            path.AsSpan(FdFolder.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int from)
            ? Find(from)
            : null;

    public void Opened(string path, TracedFile? linked, int flags, int fd)
    {
        if (path == LiveUpdateDevice.DefaultPath)
        {
            Named(string.Create(CultureInfo.InvariantCulture, $"open flags=0x{flags:x}"), fd, 'd');
        }
        else if (linked is { } from)
        {
            Named(string.Create(CultureInfo.InvariantCulture, $"reopen {from.Name} flags=0x{flags:x}"), fd, 'f');
        }
        else
        {
            Given(fd);
            Comment($"open {path}", Math.Min(fd, 0));
        }
    }

    /// <summary>Writes a request with its result.</summary>
    /// <param name="session">What was asked.</param>
    /// <param name="request">What was passed.</param>
    /// <param name="passed">The file that was passed, of a request that passes one.</param>
    /// <param name="result">The result.</param>
    /// <param name="fd">The key of what the kernel gave, of a request that gives a descriptor; <c>-errno</c> where it gave none.</param>
    public void Requested(TracedFile session, in TracedRequest request, TracedFile passed, int result, long fd)
    {
        string file = session.Name;
        if (!request.IsPlain)
        {
            Given(fd);
            Comment(string.Create(CultureInfo.InvariantCulture, $"ioctl {file} 0x{request.Request:x} size={request.Size}"), result);
            return;
        }

        string token = string.Create(CultureInfo.InvariantCulture, $"token={request.Token}");
        switch (request.Request)
        {
            case LiveUpdateHeader.LIVEUPDATE_IOCTL_CREATE_SESSION:
                Named($"create_session {file} {request.Name}", fd, 's');
                break;
            case LiveUpdateHeader.LIVEUPDATE_IOCTL_RETRIEVE_SESSION:
                Named($"retrieve_session {file} {request.Name}", fd, 's');
                break;
            case LiveUpdateHeader.LIVEUPDATE_SESSION_PRESERVE_FD:
                Line(session with { IsKnown = session.IsKnown && passed.IsKnown }, "preserve_fd", $"{passed.Name} {token}", result);
                break;
            case LiveUpdateHeader.LIVEUPDATE_SESSION_RETRIEVE_FD:
                Named($"retrieve_fd {file} {token}", fd, 'm');
                break;
            case LiveUpdateHeader.LIVEUPDATE_SESSION_FINISH:
                Line(session, "finish", "", result);
                break;
            default:
                Unexpected(session, "get_name", "");
                break;
        }
    }

    /// <summary>Begins a line whose call may not come back; nothing more is written if it does not.</summary>
    public void Begin(string text)
    {
        lock (_lock)
        {
            output.Write(text);
            output.Flush();
            _hasEnded = true;
        }
    }

    /// <summary>Goes on with the line that was begun: the call did come back.</summary>
    public int Refused(int result)
    {
        lock (_lock)
        {
            _hasEnded = false;
            output.Write($" => {Describe(result)}");
            return result;
        }
    }

    /// <summary>Ends the line that was begun.</summary>
    public void EndLine()
    {
        lock (_lock)
        {
            output.WriteLine();
            output.Flush();
        }
    }

    /// <summary>Quotes a text as the language does.</summary>
    public static string Quote(string text) => Quote(Encoding.UTF8.GetBytes(text));

    /// <summary>Quotes a name, up to its NUL.</summary>
    public static string Quote(ReadOnlySpan<byte> name)
    {
        var text = new StringBuilder("\"");
        int end = name.IndexOf((byte)0);
        foreach (byte b in end < 0 ? name : name[..end])
        {
            text.Append(b is >= 0x20 and < 0x7f and not (byte)'"' and not (byte)'\\'
                ? ((char)b).ToString() : string.Create(CultureInfo.InvariantCulture, $"\\x{b:x2}"));
        }

        return text.Append('"').ToString();
    }

    private static string Operation(TracedFile file, string verb, string arguments) =>
        arguments.Length > 0 ? $"{verb} {file.Name} {arguments}" : $"{verb} {file.Name}";

    /// <summary>Writes a call's result as the language does: the number, or the error's name.</summary>
    public static string Describe(long result) => result >= 0
        ? result.ToString(CultureInfo.InvariantCulture)
        : Enum.GetName((Errno)(-result)) ?? string.Create(CultureInfo.InvariantCulture, $"errno {-result}");

    /// <summary>Writes a line. Where that fails nothing more is written, and the next call says so.</summary>
    public void Write(string line)
    {
        lock (_lock)
        {
            try
            {
                if (!_hasEnded && _failure is null)
                {
                    output.WriteLine(line);
                    output.Flush();
                }
            }
            catch (Exception error) when (Failed(error))
            {
                // What was called has happened: its answer, which may be a descriptor, has to reach the caller.
            }
        }
    }
}

using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using LuoInterop.Interop;

namespace LuoInterop;

/// <summary>Writes the lines of a trace, and knows the names of descriptors.</summary>
internal sealed class TraceScript(TextWriter output)
{
    private const string FdFolder = "/proc/self/fd/";

    private readonly Lock _lock = new();
    private readonly Dictionary<int, string> _names = [];
    private int _count;
    private bool _hasEnded;

    /// <summary>Gets a descriptor's name, for people where the trace has not seen it come into being.</summary>
    public string Name(SafeHandle file) => Name((int)file.DangerousGetHandle(), out _);

    /// <summary>Writes an operation on a file with its result.</summary>
    /// <returns>The result.</returns>
    public long Line(SafeHandle file, string verb, string arguments, long result)
    {
        string text = Operation(file, verb, arguments, out bool isKnown);
        Write(isKnown ? $"{text} => {Describe(result)}" : $"# {text} => {Describe(result)}");
        return result;
    }

    /// <summary>Writes an operation on a file whose observation is no number, or depends on what was written.</summary>
    public void Unexpected(SafeHandle file, string verb, string arguments)
    {
        string text = Operation(file, verb, arguments, out bool isKnown);
        Write(isKnown ? text : "# " + text);
    }

    /// <summary>Writes what the language has no verb for.</summary>
    public long Comment(string text, long result)
    {
        Write($"# {text} => {Describe(result)}");
        return result;
    }

    /// <summary>Writes a line that gives a descriptor, and names that.</summary>
    public void Named(string text, int fd, char kind)
    {
        lock (_lock)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"{kind}{++_count}");
            if (fd >= 0)
            {
                _names[fd] = name;
            }

            Write($"{name} = {text} => {Describe(Math.Min(fd, 0))}");
        }
    }

    public void Opened(string path, int flags, int fd)
    {
        if (path == LiveUpdateDevice.DefaultPath)
        {
            Named(string.Create(CultureInfo.InvariantCulture, $"open flags=0x{flags:x}"), fd, 'd');
        }
        else if (path.StartsWith(FdFolder, StringComparison.Ordinal) && int.TryParse(path.AsSpan(FdFolder.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int from))
        {
            Named(string.Create(CultureInfo.InvariantCulture, $"reopen {Name(from, out _)} flags=0x{flags:x}"), fd, 'f');
        }
        else
        {
            Comment($"open {path}", Math.Min(fd, 0));
        }
    }

    public void Closed(int fd, int result)
    {
        lock (_lock)
        {
            if (_names.Remove(fd, out string? name))
            {
                Write($"close {name} => {Describe(result)}");
            }
        }
    }

    public void Requested(SafeHandle session, in TracedRequest request, ReadOnlySpan<byte> answer, int result)
    {
        string file = Name(session);
        if (!request.IsPlain)
        {
            Comment(string.Create(CultureInfo.InvariantCulture, $"ioctl {file} 0x{request.Request:x} size={request.Size}"), result);
            return;
        }

        string token = string.Create(CultureInfo.InvariantCulture, $"token={request.Token}");
        switch (request.Request)
        {
            case LiveUpdateHeader.LIVEUPDATE_IOCTL_CREATE_SESSION:
                Named($"create_session {file} {request.Name}", Fd(answer, result), 's');
                break;
            case LiveUpdateHeader.LIVEUPDATE_IOCTL_RETRIEVE_SESSION:
                Named($"retrieve_session {file} {request.Name}", Fd(answer, result), 's');
                break;
            case LiveUpdateHeader.LIVEUPDATE_SESSION_PRESERVE_FD:
                Line(session, "preserve_fd", $"{Name(request.SecondWord, out _)} {token}", result);
                break;
            case LiveUpdateHeader.LIVEUPDATE_SESSION_RETRIEVE_FD:
                Named($"retrieve_fd {file} {token}", Fd(answer, result), 'm');
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
            text.Append(b is >= 0x20 and < 0x7f and not (byte)'"' and not (byte)'\\' ? ((char)b).ToString() : string.Create(CultureInfo.InvariantCulture, $"\\x{b:x2}"));
        }

        return text.Append('"').ToString();
    }

    private string Name(int fd, out bool isKnown)
    {
        lock (_lock)
        {
            isKnown = _names.TryGetValue(fd, out string? name);
            return name ?? string.Create(CultureInfo.InvariantCulture, $"unknown{Math.Max(fd, 0)}");
        }
    }

    private string Operation(SafeHandle file, string verb, string arguments, out bool isKnown)
    {
        string text = $"{verb} {Name((int)file.DangerousGetHandle(), out isKnown)}";
        return arguments.Length > 0 ? $"{text} {arguments}" : text;
    }

    /// <summary>Writes a call's result as the language does: the number, or the error's name.</summary>
    public static string Describe(long result) => result >= 0
        ? result.ToString(CultureInfo.InvariantCulture)
        : Enum.GetName((Errno)(-result)) ?? string.Create(CultureInfo.InvariantCulture, $"errno {-result}");

    private static int Fd(ReadOnlySpan<byte> answer, int result) => result < 0 ? result : BinaryPrimitives.ReadInt32LittleEndian(answer[4..]);

    private void Write(string line)
    {
        lock (_lock)
        {
            if (!_hasEnded)
            {
                output.WriteLine(line);
                output.Flush();
            }
        }
    }
}

using System.Runtime.InteropServices;
using LuoInterop.Tests.Support;

namespace LuoInterop.Tests.Availability;

/// <summary>Shows a configuration and a command line of the test's choice, and refuses to open the device.</summary>
internal sealed class ScriptedKernel : ScriptedHost
{
    private const string Device = LiveUpdateDevice.DefaultPath;

    private readonly Dictionary<int, byte[]> _open = [];
    private int _nextDescriptor = 1 << 20;

    public Errno Refusal { get; init; } = Errno.ENOENT;

    public string BootLine { get; init; } = "";

    public string? Holders { get; init; }

    /// <summary>Gets the files that can be opened besides the device.</summary>
    public Dictionary<string, byte[]> Files { get; init; } = [];

    public List<string> Opened { get; } = [];

    public int OpenCount => _open.Count;

    public override string Release => "9.9.9-test";

    public override string CommandLine => BootLine;

    public int TimesAskedForHolders { get; private set; }

    public override string? DescribeHolders(string path)
    {
        TimesAskedForHolders++;
        return Holders;
    }

    public override int Open(string path, int flags, uint mode = 0)
    {
        Opened.Add(path);
        if (path == Device)
        {
            return -(int)Refusal;
        }

        if (!Files.TryGetValue(path, out byte[]? content))
        {
            return -(int)Errno.ENOENT;
        }

        _open.Add(++_nextDescriptor, content);
        return _nextDescriptor;
    }

    public override nint PRead(SafeHandle file, Span<byte> buffer, long offset)
    {
        byte[] content = _open[(int)file.DangerousGetHandle()];
        int count = Math.Min(buffer.Length, content.Length - (int)offset);
        content.AsSpan((int)offset, count).CopyTo(buffer);
        return count;
    }

    public override int Close(int fd) => _open.Remove(fd) ? 0 : -(int)Errno.EBADF;
}

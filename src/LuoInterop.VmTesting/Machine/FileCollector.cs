using LuoInterop.VmTesting.Protocol;

namespace LuoInterop.VmTesting.Machine;

/// <summary>Puts the files together that a payload sends, one at a time. Not thread-safe.</summary>
internal sealed class FileCollector(long maxBytes, List<string> failures)
{
    private readonly List<GuestFile> _finished = [];
    private MemoryStream? _content;
    private string _name = "";
    private int _stage;
    private long _total;

    internal int Count { get; private set; }

    internal IReadOnlyList<GuestFile> Finished => _finished;

    internal void Begin(int stage, string name)
    {
        // A sender that died in the middle of a file leaves it unfinished.
        Close();
        if (!OptionsCheck.IsFileName(name))
        {
            throw new FrameException("the payload sends a file whose name is not a plain file name");
        }

        Count++;
        (_stage, _name, _content) = (stage, name, new MemoryStream());
    }

    internal void Data(ReadOnlySpan<byte> bytes)
    {
        _total += bytes.Length;
        if (_content is null || _total > maxBytes)
        {
            throw new FrameException(
                _content is null ? "file content comes without a name" : $"the payload's files are larger than {maxBytes} bytes");
        }

        _content.Write(bytes);
    }

    internal void End(ulong length)
    {
        if (_content is null || (ulong)_content.Length != length)
        {
            throw new FrameException($"the file '{_name}' ends at {_content?.Length ?? 0} bytes, its sender says {length}");
        }

        _finished.Add(new GuestFile(_stage, _name, _content.ToArray()));
        _content = null;
    }

    /// <summary>Tells of a file that will not be finished any more.</summary>
    internal void Close()
    {
        if (_content is not null)
        {
            failures.Add($"kernel {_stage}: the file '{_name}' did not arrive whole");
            _content = null;
        }
    }
}

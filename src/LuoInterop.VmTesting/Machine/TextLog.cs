using System.Text;

namespace LuoInterop.VmTesting.Machine;

/// <summary>Collects the text of one stream up to a cap and passes its lines on. Not thread-safe.</summary>
internal sealed class TextLog(VmOutputSource source, Action<VmOutputLine>? output, Action<string>? line = null)
{
    internal const int MaxText = 16 << 20;
    internal const int MaxLine = 64 << 10;

    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private readonly StringBuilder _text = new();
    private readonly StringBuilder _line = new();
    private readonly char[] _chars = new char[4096];
    private long _dropped;

    /// <summary>Gives the text so far; what the cap kept out is told at its end.</summary>
    internal string Text => _dropped == 0 ? _text.ToString() : $"{_text}\n[{_dropped} characters more were not kept]\n";

    internal void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            _decoder.Convert(bytes, _chars, flush: false, out int used, out int made, out _);
            bytes = bytes[used..];
            Append(_chars.AsSpan(0, made));
        }
    }

    /// <summary>Ends the stream: passes a last line on that has no end.</summary>
    internal void End()
    {
        int made = _decoder.GetChars([], _chars, flush: true);
        Append(_chars.AsSpan(0, made));
        if (_line.Length > 0)
        {
            EndLine();
        }
    }

    private void Append(ReadOnlySpan<char> chars)
    {
        int kept = Math.Min(chars.Length, MaxText - _text.Length);
        _text.Append(chars[..kept]);
        _dropped += chars.Length - kept;
        foreach (char c in chars)
        {
            if (c == '\n' || _line.Length == MaxLine)
            {
                EndLine();
            }

            if (c != '\n')
            {
                _line.Append(c);
            }
        }
    }

    private void EndLine()
    {
        string text = _line.ToString().TrimEnd('\r');
        _line.Clear();
        line?.Invoke(text);
        output?.Invoke(new VmOutputLine(source, text));
    }
}

using System.Buffers;
using System.Text.Unicode;
using LuoInterop.Litmus.Language;

namespace LuoInterop.Litmus;

/// <summary>Holds a litmus script: operations on the kernel, one a line, in the order in which they are performed.</summary>
/// <remarks>Immutable. The language is described in <c>docs/litmus.md</c>.</remarks>
public sealed class LitmusScript
{
    private LitmusScript(string name, IReadOnlyList<LitmusLine> lines)
    {
        Name = name;
        Lines = lines;
    }

    /// <summary>Gets the script's name, as a rule its file's.</summary>
    public string Name { get; }

    /// <summary>Gets the lines that are operations; comments and empty lines are not among them.</summary>
    public IReadOnlyList<LitmusLine> Lines { get; }

    /// <summary>Gets how many kernels the script runs in: one, and one more for each <c>kexec</c>.</summary>
    public int Kernels => 1 + Lines.Count(static line => line.IsKexec);

    /// <summary>Gets whether the script needs a machine of its own,
    /// because it chooses the next kernel's command line or may panic it.</summary>
    public bool IsAlone => Lines.Any(static line => line.Operation.IsAlone);

    /// <summary>Gets the first line that only an emulated kernel can follow, since it chooses a kernel's release, or null.</summary>
    public LitmusLine? EmulatedOnly => Lines.FirstOrDefault(static line => line.Operation.Release is not null);

    /// <summary>Reads a script.</summary>
    /// <param name="name">The script's name, for messages.</param>
    /// <param name="text">The script.</param>
    /// <exception cref="LitmusSyntaxException">A line is not of the language.</exception>
    public static LitmusScript Parse(string name, string text)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(text);
        return new LitmusScript(name, LineParser.Parse(name, text));
    }

    /// <summary>Reads a script from its bytes, in which a mark of UTF-8's byte order may come first.</summary>
    /// <param name="name">The script's name, for messages.</param>
    /// <param name="bytes">The script, in UTF-8.</param>
    /// <exception cref="LitmusSyntaxException">The bytes are not UTF-8, or a line is not of the language.</exception>
    public static LitmusScript ParseUtf8(string name, ReadOnlySpan<byte> bytes)
    {
        ArgumentNullException.ThrowIfNull(name);
        bytes = bytes.StartsWith("\ufeff"u8) ? bytes[3..] : bytes;
        char[] text = new char[bytes.Length];
        if (Utf8.ToUtf16(bytes, text, out int valid, out int length, replaceInvalidSequences: false) != OperationStatus.Done)
        {
            int line = 1 + bytes[..valid].Count((byte)'\n');
            throw new LitmusSyntaxException(
                name, line, $"the byte 0x{bytes[valid]:x2} is not UTF-8; in a quoted text, write it as \\x{bytes[valid]:x2}.");
        }

        return Parse(name, new string(text, 0, length));
    }

    /// <summary>Makes a script of some of this one's lines.</summary>
    /// <param name="name">The new script's name.</param>
    /// <param name="lines">Its lines.</param>
    public static LitmusScript Of(string name, IEnumerable<LitmusLine> lines) => new(name, [.. lines]);

    /// <summary>Writes the script as text that <see cref="Parse"/> reads.</summary>
    /// <param name="observations">What was observed of each line, to be written as its expectation;
    /// null to write what the script expects.</param>
    public string ToText(IReadOnlyList<string?>? observations = null)
    {
        var text = new System.Text.StringBuilder();
        for (int i = 0; i < Lines.Count; i++)
        {
            string? result = observations is null ? Lines[i].Expected : observations[i];
            text.Append(Lines[i].Text);
            if (result is not null)
            {
                text.Append(' ', Math.Max(1, 48 - Lines[i].Text.Length)).Append("=> ").Append(result);
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    /// <summary>Gives the script's text.</summary>
    public override string ToString() => ToText();
}

/// <summary>Holds one line of a litmus script.</summary>
public sealed class LitmusLine
{
    internal LitmusLine(int number, string text, string? expected, string verb, string? target, LitmusOperation operation)
    {
        Number = number;
        Text = text;
        Expected = expected;
        Verb = verb;
        Target = target;
        Operation = operation;
    }

    /// <summary>Gets the line's number in its file, from 1.</summary>
    public int Number { get; }

    /// <summary>Gets the operation as written, without expectation and comment.</summary>
    public string Text { get; }

    /// <summary>Gets what the script expects to observe, or null.</summary>
    public string? Expected { get; }

    /// <summary>Gets the word that names the operation, as in <c>preserve_fd</c>.</summary>
    public string Verb { get; }

    /// <summary>Gets whether the line starts the next kernel.</summary>
    public bool IsKexec => Operation.IsKexec;

    /// <summary>Gets the name that the line gives to a descriptor, or null.</summary>
    internal string? Target { get; }

    internal LitmusOperation Operation { get; }

    /// <summary>Gives the line's text.</summary>
    public override string ToString() => Text;
}

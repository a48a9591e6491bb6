using System.Globalization;
using System.Text;

namespace LuoInterop.Cli.Output;

/// <summary>Writes what people read: lines of 80 columns, in colour where that is wanted.</summary>
/// <remarks>Every text may come from files and processes that are not trusted: see <see cref="Safe"/>.</remarks>
/// <param name="writer">Where to; not owned.</param>
/// <param name="colour">Whether to write colours.</param>
internal sealed class TextOutput(TextWriter writer, bool colour)
{
    /// <summary>The columns of a line.</summary>
    public const int Width = 80;

    /// <summary>The columns of a field's name, with the spaces behind it.</summary>
    public const int NameWidth = 15;

    /// <summary>Tells whether standard output is a terminal whose user wants colours (NO_COLOR, TERM=dumb).</summary>
    public static bool WantsColour() =>
        !Console.IsOutputRedirected
        && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
        && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");

    /// <summary>Gets a text without what would steer a terminal: such characters become <c>\xHH</c>.</summary>
    public static string Safe(string text)
    {
        if (!text.Any(IsUnsafe))
        {
            return text;
        }

        var safe = new StringBuilder();
        foreach (char letter in text)
        {
            _ = IsUnsafe(letter) ? safe.Append(CultureInfo.InvariantCulture, $"\\x{(int)letter:x2}") : safe.Append(letter);
        }

        return safe.ToString();
    }

    /// <summary>Gets a number of bytes for people, as in <c>1.5 GiB</c>.</summary>
    public static string Size(ulong bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        int unit = 0;
        double value = bytes;
        for (; value >= 1024 && unit < units.Length - 1; unit++)
        {
            value /= 1024;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{value:0.#} {units[unit]}");
    }

    /// <summary>Gets a number with its noun: <c>1 file</c>, <c>2 files</c>.</summary>
    public static string Count(long number, string noun, string? plural = null) =>
        string.Create(CultureInfo.InvariantCulture, $"{number} {(number == 1 ? noun : plural ?? $"{noun}s")}");

    /// <summary>Writes a line as it is, however long.</summary>
    public void Line(string text = "", Tone tone = Tone.Plain) => writer.Write(Paint(Safe(text), tone) + "\n");

    /// <summary>Writes a heading, with an empty line before it.</summary>
    public void Heading(string text)
    {
        Line();
        Line(text, Tone.Strong);
    }

    /// <summary>Writes a text in lines that end before the 80th column, all of them indented.</summary>
    public void Paragraph(string text, int indent = 0, Tone tone = Tone.Plain)
    {
        foreach (string line in Wrap(Safe(text), Width - indent))
        {
            writer.Write(new string(' ', indent) + Paint(line, tone) + "\n");
        }
    }

    /// <summary>Writes an item of a list, which may take several lines.</summary>
    public void Item(string text, Tone tone = Tone.Plain)
    {
        string head = "- ";
        foreach (string line in Wrap(Safe(text), Width - head.Length))
        {
            writer.Write(head + Paint(line, tone) + "\n");
            head = "  ";
        }
    }

    /// <summary>Writes a name and beside it a value, which may take several lines.</summary>
    public void Field(string name, string value, Tone tone = Tone.Plain)
    {
        string head = Safe(name).PadRight(NameWidth - 1) + " ";
        foreach (string line in Wrap(Safe(value), Width - NameWidth))
        {
            writer.Write(Paint(head, Tone.Faint) + Paint(line, tone) + "\n");
            head = new string(' ', NameWidth);
        }
    }

    /// <summary>Writes a verdict, its subject, and indented below it as many sentences as there are.</summary>
    public void Verdict(string verdict, Tone tone, string subject, params IEnumerable<string> sentences)
    {
        writer.Write($"{Paint(Safe(verdict).PadRight(8), tone)} {Paint(Safe(subject), Tone.Strong)}\n");
        foreach (string sentence in sentences)
        {
            Paragraph(sentence, 9);
        }
    }

    /// <summary>Writes a verdict, a name, and beside them a text, which may take several lines.</summary>
    public void Row(string verdict, Tone tone, string name, int nameWidth, string text)
    {
        string head = $"{Paint(Safe(verdict).PadRight(8), tone)} {Safe(name).PadRight(nameWidth - 1)} ";
        foreach (string line in Wrap(Safe(text), Width - 9 - nameWidth))
        {
            writer.Write(head + line + "\n");
            head = new string(' ', 9 + nameWidth);
        }
    }

    /// <summary>Writes a table whose columns are as wide as what is in them; the last one wraps.</summary>
    /// <param name="headings">The headings; one that ends with <c>&gt;</c> is of a column that is aligned to the right.</param>
    /// <param name="rows">The rows, with a text for each heading.</param>
    /// <param name="indent">The spaces before each line.</param>
    public void Table(IReadOnlyList<string> headings, IReadOnlyList<IReadOnlyList<string>> rows, int indent = 0)
    {
        int last = headings.Count - 1;
        string[] names = [.. headings.Select(static heading => Safe(heading.TrimEnd('>')))];
        string[][] cells = [.. rows.Select(static row => row.Select(Safe).ToArray())];
        int[] widths = [.. names.Select((name, i) => cells.Select(row => row[i].Length).Append(name.Length).Max())];
        int before = indent + widths[..last].Sum(static width => width + 2);
        WriteRow(names, Tone.Faint);
        foreach (string[] row in cells)
        {
            WriteRow(row, Tone.Plain);
        }

        void WriteRow(string[] row, Tone tone)
        {
            string head = new(' ', indent);
            for (int i = 0; i < last; i++)
            {
                head += (headings[i].EndsWith('>') ? row[i].PadLeft(widths[i]) : row[i].PadRight(widths[i])) + "  ";
            }

            // A column that is left with next to nothing runs over rather than being a word a line.
            bool right = headings[last].EndsWith('>');
            foreach (string line in Wrap(right ? row[last].PadLeft(widths[last]) : row[last], Math.Max(Width - before, 24)))
            {
                writer.Write(Paint((head + line).TrimEnd(), tone) + "\n");
                head = new string(' ', before);
            }
        }
    }

    /// <summary>Gets a text in a tone's colour.</summary>
    public string Paint(string text, Tone tone)
    {
        string? code = tone switch
        {
            Tone.Strong => "1",
            Tone.Good => "32",
            Tone.Caution => "33",
            Tone.Bad => "31",
            Tone.Faint => "2",
            _ => null,
        };
        return colour && code is not null && text.Length > 0 ? $"\e[{code}m{text}\e[0m" : text;
    }

    // A word that is longer than a line, as a path may be, stays whole.
    private static List<string> Wrap(string text, int width)
    {
        var lines = new List<string>();
        while (text.Length > width)
        {
            int end = text.LastIndexOf(' ', width);
            if (end <= 0 || string.IsNullOrWhiteSpace(text[..end]))
            {
                end = text.IndexOf(' ', width);
            }

            if (end < 0)
            {
                break;
            }

            lines.Add(text[..end].TrimEnd());
            text = text[(end + 1)..].TrimStart();
        }

        lines.Add(text);
        return lines;
    }

    // C0, DEL, C1, and what turns the direction of a line around.
    private static bool IsUnsafe(char letter) =>
        char.IsControl(letter) || letter is (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069') or '\u2028' or '\u2029';
}

using System.Globalization;

namespace LuoInterop.HandoverBytes.Payload;

/// <summary>Tells what a preserved file was when the old kernel ended.</summary>
/// <param name="Token">Its token.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="Seals">Its seals at PRESERVE_FD.</param>
/// <param name="Position">The position of the description that was preserved, at the kexec.</param>
/// <param name="Huge">Whether its memory was asked to be huge folios.</param>
/// <param name="Sha256">The checksum of its content.</param>
public sealed record MadeFile(ulong Token, long Size, MemfdSeals Seals, long Position, bool Huge, string Sha256);

/// <summary>Tells what a session held, file by file in the order of preservation.</summary>
public sealed record MadeSession(string Name, IReadOnlyList<MadeFile> Files)
{
    /// <summary>Writes sessions as lines: a name, then a line for each file.</summary>
    public static string Format(IEnumerable<MadeSession> sessions) => string.Concat(sessions.Select(static session =>
        $"session {session.Name}\n" + string.Concat(session.Files.Select(static file => string.Create(
            CultureInfo.InvariantCulture,
            $"file {file.Token} {file.Size} {(int)file.Seals} {file.Position} {file.Huge} {file.Sha256}\n")))));

    /// <summary>Reads what <see cref="Format"/> wrote.</summary>
    public static IReadOnlyList<MadeSession> Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var sessions = new List<MadeSession>();
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] words = line.Split(' ');
            if (words[0] == "session")
            {
                sessions.Add(new MadeSession(words[1], new List<MadeFile>()));
                continue;
            }

            ((List<MadeFile>)sessions[^1].Files).Add(new MadeFile(
                ulong.Parse(words[1], CultureInfo.InvariantCulture),
                long.Parse(words[2], CultureInfo.InvariantCulture),
                (MemfdSeals)int.Parse(words[3], CultureInfo.InvariantCulture),
                long.Parse(words[4], CultureInfo.InvariantCulture),
                bool.Parse(words[5]),
                words[6]));
        }

        return sessions;
    }
}

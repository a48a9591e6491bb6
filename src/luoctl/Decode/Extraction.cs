using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using LuoInterop.Cli.Output;
using LuoInterop.Kho;
using LuoInterop.MemoryImages;
using Microsoft.Win32.SafeHandles;

namespace LuoInterop.Cli.Decode;

/// <summary>Writes a preserved memory file's content into a file: sparse, verified, and under its name when it is whole.</summary>
internal static class Extraction
{
    private const int Block = 1 << 20;
    private const int Sparse = 4096;
    private const string Sha256 = "sha256:";

    /// <summary>Extracts a file.</summary>
    /// <param name="report">What the image says.</param>
    /// <param name="what">The session, and the file's name or token.</param>
    /// <param name="path">Where to.</param>
    /// <param name="partial">Whether a file that is not whole is written too.</param>
    /// <param name="output">Where the result is told.</param>
    /// <param name="cancellation">Ends it; nothing is left then.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="CommandFailure">There is no such file, or it cannot be written.</exception>
    public static int Run(
        DecodeReport report, string what, string path, bool partial, CommandOutput output, CancellationToken cancellation)
    {
        DecodedFile file = Find(report, what);
        if (Path.Exists(path))
        {
            throw new CommandFailure($"{path} is there already", "remove it, or name another file");
        }

        string? gaps = Words.Gaps(report.Image, file);
        if (gaps is not null && !partial)
        {
            throw new CommandFailure(
                $"{what} is not whole: {gaps}", "--partial writes what there is, and zeros for the rest", ExitCode.No);
        }

        string temporary = $"{path}.luoctl-{Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}";
        try
        {
            string checksum;
            using (SafeFileHandle destination = File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                checksum = Copy(report.Image, file, destination, gaps is not null, cancellation);
                RandomAccess.FlushToDisk(destination);
            }

            string? expected = file.Entry?.Checksum;
            bool? matches = expected?.StartsWith(Sha256, StringComparison.Ordinal) == true
                ? string.Equals(expected, checksum, StringComparison.OrdinalIgnoreCase) : null;
            if (matches == false && !partial)
            {
                throw new CommandFailure(
                    $"{what} is not what was preserved: the catalogue says {expected}, its content is {checksum}",
                    "--partial writes it all the same", ExitCode.No);
            }

            cancellation.ThrowIfCancellationRequested();
            File.Move(temporary, path);
            Tell(output, file, path, checksum, matches, gaps);
            return gaps is null && matches != false ? ExitCode.Yes : ExitCode.No;
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    // A session's name may have slashes, and so may a file's.
    private static DecodedFile Find(DecodeReport report, string what)
    {
        DecodedSession[] sessions =
            [.. report.Sessions.Where(session => what.StartsWith($"{Words.Text(session.Session.Record.Name)}/", StringComparison.Ordinal))];
        if (sessions.Length == 0)
        {
            string names = string.Join(", ", report.Sessions.Take(10).Select(static session => Words.Text(session.Session.Record.Name)));
            throw new CommandFailure(
                $"no session of {what} in the image", names.Length > 0 ? $"there are {names}" : "it has no sessions", ExitCode.Unknown);
        }

        DecodedFile[] found =
        [
            .. sessions.SelectMany(session => Matches(session, what[(Words.Text(session.Session.Record.Name).Length + 1)..])),
        ];
        if (found.Length != 1)
        {
            throw new CommandFailure(
                found.Length == 0 ? $"no file {what} in the image" : $"several files are called {what}",
                "give a name of the catalogue, or the token", found.Length == 0 ? ExitCode.Unknown : ExitCode.CannotRun);
        }

        return found[0].File.Memfd is null
            ? throw new CommandFailure(
                $"{what} is no memory file that could be decoded: {Words.Text(found[0].File.Record.Compatible)}", null, ExitCode.No)
            : found[0];
    }

    private static IEnumerable<DecodedFile> Matches(DecodedSession session, string name)
    {
        DecodedFile[] named = [.. session.Files.Where(file => file.Entry?.Name == name)];
        return named.Length > 0 || !ulong.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out ulong token)
            ? named
            : session.Files.Where(file => file.File.Record.Token == token);
    }

    private static string Copy(
        MemoryImage image, DecodedFile file, SafeFileHandle destination, bool lacks, CancellationToken cancellation)
    {
        HandoverMemfd memfd = file.File.Memfd!;
        ulong size = memfd.Record.FileSize;
        if (size > long.MaxValue)
        {
            throw new CommandFailure($"a file of {size} bytes cannot be", null, ExitCode.No);
        }

        RandomAccess.SetLength(destination, (long)size);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var progress = new ProgressLine("extracting");
        byte[] block = new byte[Block];
        ulong at = 0;
        foreach (HandoverExtent extent in memfd.Extents())
        {
            Skip(extent.Offset);
            for (ulong done = 0; done < extent.Length;)
            {
                cancellation.ThrowIfCancellationRequested();
                Span<byte> part = block.AsSpan(0, (int)Math.Min(Block, extent.Length - done));
                Read(image, extent.Address + done, part, lacks);
                hash.AppendData(part);
                Write(destination, (long)(extent.Offset + done), part);
                done += (ulong)part.Length;
                progress.Report((double)(extent.Offset + done) / size);
            }

            at = extent.Offset + extent.Length;
        }

        Skip(size);
        return Sha256 + Convert.ToHexStringLower(hash.GetHashAndReset());

        // The checksum has the zeros of holes, however large an image says that they are: they can be interrupted.
        void Skip(ulong to)
        {
            Array.Clear(block);
            while (at < to)
            {
                cancellation.ThrowIfCancellationRequested();
                int part = (int)Math.Min(to - at, Block);
                hash.AppendData(block, 0, part);
                at += (ulong)part;
                progress.Report((double)at / size);
            }
        }
    }

    private static void Read(MemoryImage image, ulong address, Span<byte> part, bool lacks)
    {
        if (image.TryRead(address, part))
        {
            return;
        }

        // Page by page, so that each that is there is written.
        for (int at = 0; at < part.Length; at += MemoryImage.PageSize)
        {
            Span<byte> page = part.Slice(at, Math.Min(MemoryImage.PageSize, part.Length - at));
            if (image.TryRead(address + (ulong)at, page))
            {
                continue;
            }

            page.Clear();
            if (!lacks)
            {
                throw new CommandFailure(
                    string.Create(
                        CultureInfo.InvariantCulture, $"the page at 0x{address + (ulong)at:x} is {image.Explain(address + (ulong)at)}"),
                    "--partial writes what there is, and zeros for the rest", ExitCode.No);
            }
        }
    }

    // Runs of pages; zeros stay the hole that the file is made of.
    private static void Write(SafeFileHandle destination, long offset, ReadOnlySpan<byte> bytes)
    {
        for (int at = 0; at < bytes.Length;)
        {
            int start = at;
            while (at < bytes.Length && bytes.Slice(at, Math.Min(Sparse, bytes.Length - at)).ContainsAnyExcept((byte)0))
            {
                at += Math.Min(Sparse, bytes.Length - at);
            }

            if (at > start)
            {
                RandomAccess.Write(destination, bytes[start..at], offset + start);
            }
            else
            {
                at += Math.Min(Sparse, bytes.Length - at);
            }
        }
    }

    private static void Tell(CommandOutput output, DecodedFile file, string path, string checksum, bool? matches, string? gaps) =>
        output.Write(
            text =>
            {
                text.Field("written", $"{path}: {TextOutput.Size(file.File.Memfd!.Record.FileSize)}");
                text.Field(
                    "checksum",
                    matches switch
                    {
                        true => $"{checksum}, as the catalogue says",
                        false => $"{checksum}, not what the catalogue says",
                        null => $"{checksum}; the catalogue has none to compare it with",
                    },
                    matches switch { true => Tone.Good, false => Tone.Bad, null => Tone.Plain });
                if (gaps is not null)
                {
                    text.Field("zeros for", gaps, Tone.Bad);
                }
            },
            () => new JsonObject
            {
                ["schema"] = 1,
                ["path"] = path,
                ["size"] = file.File.Memfd!.Record.FileSize,
                ["checksum"] = checksum,
                ["matchesCatalogue"] = matches,
                ["gaps"] = gaps,
            });
}

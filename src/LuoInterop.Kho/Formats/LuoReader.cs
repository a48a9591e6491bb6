using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho.Formats;

/// <summary>Reads LUO's records in one form: sessions, and the files of each.</summary>
internal abstract class LuoReader
{
    /// <summary>Gets what the blob says.</summary>
    public abstract LuoState State { get; }

    /// <summary>Reads the form that a blob is in.</summary>
    /// <param name="memory">The memory that the blob's addresses point into.</param>
    /// <param name="blob">The blob.</param>
    /// <param name="claims">The pages that belong to something already.</param>
    /// <exception cref="KhoFormatException">The blob is not sound, or of a form that is not known.</exception>
    public static LuoReader Open(IPhysicalMemory memory, byte[] blob, PageRanges claims)
    {
        if (blob.AsSpan().StartsWith(LuoTreeReader.Magic))
        {
            return new LuoTreeReader(memory, blob, claims);
        }

        LuoSer head = LuoSer.Read(blob);
        return head.Compatible == LuoSer.LUO_ABI_COMPATIBLE
            ? new LuoStructureReader(memory, new LuoState(head.Compatible, head.LiveupdateNum, head.SessionsPa, head.FlbsPa), claims)
            : throw new KhoFormatException(
                KhoFormatError.UnsupportedVersion,
                $"LUO's state has the format \"{Printable(head.Compatible)}\"; luo-v1 and luo-v5 are known here.",
                Errno.EINVAL);
    }

    /// <summary>Reads the records of sessions.</summary>
    /// <param name="blocks">The addresses of the pages that hold them, as far as they were read.</param>
    /// <param name="fault">What ends the list before its time, or null.</param>
    public abstract IReadOnlyList<LuoSessionSer> ReadSessions(out IReadOnlyList<ulong> blocks, out KhoFormatException? fault);

    /// <summary>Reads the records of a session's files.</summary>
    /// <param name="session">The session.</param>
    /// <param name="blocks">The addresses of the pages that hold them, as far as they were read.</param>
    /// <param name="fault">What ends the list before its time, or null.</param>
    public abstract IReadOnlyList<LuoFileSer> ReadFiles(
        LuoSessionSer session, out IReadOnlyList<ulong> blocks, out KhoFormatException? fault);

    // Bytes that are no name are shown as such, and cannot steer a terminal.
    private static string Printable(string name) => string.Concat(name.Select(static c => c is >= ' ' and <= '~' ? c : '?'));
}

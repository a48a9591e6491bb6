using System.Globalization;

namespace LuoInterop.HandoverBytes.Payload;

/// <summary>Makes sessions of every shape that has a form of its own in the handover, on any kernel.</summary>
public sealed class Sessions
{
    /// <summary>One more than a block of 51 and the named ones need.</summary>
    public const int SmallSessions = 60;

    /// <summary>One more than three blocks of 63 files.</summary>
    public const int ManyFiles = 190;

    /// <summary>The sizes of the files of the session "sizes".</summary>
    public static readonly IReadOnlyList<long> Sizes = [0, 1, Page - 1, Page, Page + 1, HugePage + 1];

    private const int Page = 4096;
    private const long HugePage = 2 << 20;

    private static readonly MemfdOptions Unsealable = new() { AllowSealing = false };
    private static readonly MemfdOptions ExecSealed = new() { Executable = MemfdExecutable.Sealed };

    private readonly Kernel _kernel;
    private readonly List<MadeSession> _made = [];
    private int _files;

    private Sessions(Kernel kernel) => _kernel = kernel;

    /// <summary>Makes and holds the sessions, and tells what they hold.</summary>
    public static IReadOnlyList<MadeSession> Make(Kernel kernel)
    {
        var sessions = new Sessions(kernel);
        using LiveUpdateDevice device = LiveUpdateDevice.Open(kernel);
        sessions.Add(device, "empty", []);
        sessions.Add(device, "sizes", [.. Sizes.Select(sessions.Patterned)]);
        sessions.Add(device, "huge", [sessions.Huge(64 << 20), sessions.Huge(3 * HugePage + (5 * Page) + 17)]);
        sessions.Add(device, "holes", [sessions.Sparse(), sessions.Punched()]);
        sessions.Add(device, "seals", [.. sessions.Sealed()]);
        sessions.Add(device, "positions", [sessions.At(0, 0), sessions.At(Page, 17), sessions.At(Page, Page), sessions.At(10, 1 << 30)]);
        sessions.Add(device, "many", [.. Enumerable.Range(0, ManyFiles).Select(static i => 1L + i).Select(sessions.Patterned)]);
        for (int i = 0; i < SmallSessions; i++)
        {
            sessions.Add(device, string.Create(CultureInfo.InvariantCulture, $"small-{i:000}"), [sessions.Patterned(100 + i)]);
        }

        sessions.Add(device, new string('n', 63), []);
        return sessions._made;
    }

    /// <summary>Gets the token of a session's file: 0, 1 and the largest are among those of three files and more.</summary>
    public static ulong Token(int index, int count) => index == count - 1 && count > 2 ? ulong.MaxValue : (ulong)index;

    private void Add(LiveUpdateDevice device, string name, IReadOnlyList<(Memfd File, bool Huge)> files)
    {
        LiveUpdateSession session = device.CreateSession(name);
        var made = new List<MadeFile>();
        foreach ((int index, (Memfd file, bool huge)) in files.Index())
        {
            ulong token = Token(index, files.Count);
            session.Preserve(file, token, PreserveOptions.AllowExecSeal);
            made.Add(new MadeFile(token, file.Size, file.Seals, file.Position, huge, MemfdChecksum.Sha256(file)));

            // LUO keeps the open file description, and its position with it.
            file.Dispose();
        }

        session.HoldUntilKexec();
        _made.Add(new MadeSession(name, made));
    }

    private Memfd Create(long size, MemfdOptions? options = null)
    {
        _files++;
        return Memfd.Create(_kernel, "handover", size, options);
    }

    private (Memfd File, bool Huge) Patterned(long size) => (Filled(Create(size), 0, size), false);

    // Each page of each file is unlike all others, so that folios cannot be mistaken for one another.
    private Memfd Filled(Memfd file, long from, long to)
    {
        byte[] block = new byte[1 << 20];
        var random = new Random(unchecked((int)((_files * 2654435761) + from)));
        for (long at = from; at < to; at += block.Length)
        {
            Span<byte> part = block.AsSpan(0, (int)Math.Min(block.Length, to - at));
            random.NextBytes(part);
            file.Write(at, part);
        }

        return file;
    }

    private (Memfd File, bool Huge) Huge(long size)
    {
        Memfd file = Create(size);
        using (MemfdMapping mapping = file.Map(0, size))
        {
            mapping.AdviseHugePages();
            mapping.Populate();
        }

        return (Filled(file, 0, size), true);
    }

    private (Memfd File, bool Huge) Sparse()
    {
        Memfd file = Create(HugePage + 5);
        return (Filled(file, 7 * Page, 9 * Page), false);
    }

    private (Memfd File, bool Huge) Punched()
    {
        Memfd file = Create(20 * Page);
        Filled(file, 0, 20 * Page).PunchHole(3 * Page, 5 * Page);
        return (file, false);
    }

    private IEnumerable<(Memfd File, bool Huge)> Sealed()
    {
        foreach (MemfdSeals seals in (MemfdSeals[])
            [MemfdSeals.None, MemfdSeals.Seal, MemfdSeals.Shrink, MemfdSeals.Grow, MemfdSeals.Write, MemfdSeals.FutureWrite,
                MemfdSeals.Seal | MemfdSeals.Shrink | MemfdSeals.Grow | MemfdSeals.Write | MemfdSeals.FutureWrite])
        {
            Memfd file = Filled(Create(Page), 0, Page);
            file.AddSeals(seals);
            yield return (file, false);
        }

        yield return (Filled(Create(Page, Unsealable), 0, Page), false);
        yield return (Filled(Create(Page, ExecSealed), 0, Page), false);
    }

    private (Memfd File, bool Huge) At(long size, long position)
    {
        (Memfd file, _) = Patterned(size);
        file.Position = position;
        return (file, false);
    }
}

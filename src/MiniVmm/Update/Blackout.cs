namespace MiniVmm.Update;

/// <summary>Is how long a guest stood still, and what the time went to.</summary>
/// <param name="Nanoseconds">From the last instruction before to the first one after, by the guest's counter.</param>
/// <param name="Parts">The parts, in order; the first is before the blackout.</param>
internal sealed record Blackout(long Nanoseconds, IReadOnlyList<BlackoutPart> Parts)
{
    /// <summary>Gets the time from the first instruction until it was known that the guest runs; null while it is not.</summary>
    public long? ProofNanoseconds { get; init; }

    /// <summary>Draws a part of the whole as a bar.</summary>
    /// <param name="share">The part, from 0 to 1. Each kernel has a clock of its own, and the guest's counter a third: what lies between
    /// two of them can come out below nothing on a busy host, and has no bar.</param>
    public static string Bar(double share)
    {
        const int Width = 60;
        return new string('#', (int)Math.Round(Width * Math.Clamp(share, 0, 1)));
    }

    /// <summary>Gets the share of what this program does: pause to reboot(2), and its start to the first instruction.</summary>
    public double OwnShare => (double)Parts.Skip(1).Where(static part => part.IsOurs).Sum(static part => part.Nanoseconds) / Nanoseconds;
}

/// <summary>Is a part of a blackout.</summary>
/// <param name="Name">What was done.</param>
/// <param name="Nanoseconds">How long it took.</param>
/// <param name="IsOurs">Whether it is this program that takes the time, and not the kernel.</param>
internal sealed record BlackoutPart(string Name, long Nanoseconds, bool IsOurs);

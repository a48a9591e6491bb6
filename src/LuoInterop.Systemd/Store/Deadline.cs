namespace LuoInterop.Systemd.Store;

/// <summary>Is the moment at which waiting ends, on a clock that nobody sets.</summary>
internal readonly struct Deadline
{
    private readonly long _end;

    private Deadline(TimeSpan length, CancellationToken cancellation)
    {
        Length = length;
        Cancellation = cancellation;
        _end = length == Timeout.InfiniteTimeSpan ? long.MaxValue : Environment.TickCount64 + (long)Math.Ceiling(length.TotalMilliseconds);
    }

    public TimeSpan Length { get; }

    public CancellationToken Cancellation { get; }

    public bool HasPassed => Environment.TickCount64 >= _end;

    /// <summary>Gets how long poll(2) may wait now, in milliseconds. Where somebody may cancel, it looks for that now and then.</summary>
    public int PollMilliseconds =>
        (int)Math.Clamp(_end - Environment.TickCount64, 0, Cancellation.CanBeCanceled ? 50 : int.MaxValue);

    public static Deadline In(TimeSpan length, CancellationToken cancellation = default)
    {
        if (length != Timeout.InfiniteTimeSpan)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(length, TimeSpan.Zero);
        }

        return new Deadline(length, cancellation);
    }
}

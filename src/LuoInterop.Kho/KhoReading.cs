using System.Diagnostics.CodeAnalysis;

namespace LuoInterop.Kho;

/// <summary>Names what was found where the kernel shows a piece of Kexec HandOver.</summary>
public enum KhoState
{
    /// <summary>The piece is there and was read.</summary>
    Present,
    /// <summary>The piece is not there, or may not be read; <see cref="KhoAbsence"/> says why.</summary>
    Absent,
    /// <summary>The file ends before the piece does. What is sound up to there may still be given.</summary>
    Truncated,
    /// <summary>The file shows memory that the kernel has given to something else since.</summary>
    Stale,
    /// <summary>The piece has a format that is not known here; <see cref="KhoReading{T}.Format"/> names it.</summary>
    UnknownFormat,
    /// <summary>The bytes contradict the format that they claim to have, or are more than is read.</summary>
    Malformed,
}

/// <summary>Names why a piece of Kexec HandOver is not there.</summary>
public enum KhoAbsence
{
    /// <summary>It is there.</summary>
    None,
    /// <summary>debugfs is not mounted.</summary>
    DebugFsNotMounted,
    /// <summary>The process may not read debugfs.</summary>
    NoPermission,
    /// <summary>debugfs has no folder <c>kho</c>: KHO, or its debugfs part, is not built in or is off.</summary>
    KhoOff,
    /// <summary>This kernel was not started with a handover, so that nothing came in.</summary>
    ColdBoot,
    /// <summary>This kernel was started with a handover; then it does not show the outgoing root tree.</summary>
    KhoBoot,
    /// <summary>KHO is on, and the Live Update Orchestrator is off or not built in.</summary>
    LiveUpdateOff,
    /// <summary>The previous kernel handed over, but not this piece.</summary>
    NotHandedOver,
    /// <summary>The kernel has no piece of this name.</summary>
    NoSuchEntry,
    /// <summary>The kernel refused for another reason; <see cref="KhoReading{T}.Errno"/> is its number.</summary>
    Refused,
}

/// <summary>Holds a piece of Kexec HandOver together with the state in which it was found.</summary>
/// <remarks>Immutable, and safe to share between threads. The state is that of the moment of reading.</remarks>
/// <typeparam name="T">What the piece is decoded to.</typeparam>
public sealed class KhoReading<T>
{
    private readonly T? _value;

    private KhoReading(KhoState state, T? value, bool hasValue, string detail)
    {
        State = state;
        _value = value;
        HasValue = hasValue;
        Detail = detail;
    }

    /// <summary>Gets the state in which the piece was found.</summary>
    public KhoState State { get; }

    /// <summary>Gets why the piece is absent; <see cref="KhoAbsence.None"/> in any other state.</summary>
    public KhoAbsence Absence { get; private init; }

    /// <summary>Gets the format's own name when the state is <see cref="KhoState.UnknownFormat"/>, else null.</summary>
    public string? Format { get; private init; }

    /// <summary>Gets the number with which the kernel refused to show the piece, or <see cref="Errno.None"/>.</summary>
    public Errno Errno { get; private init; }

    /// <summary>Gets a sentence for people: what is wrong and what to do, or a caution. Empty when there is nothing to say.</summary>
    public string Detail { get; }

    /// <summary>Gets whether there is a value: always when present, and when a truncated piece is sound in part.</summary>
    public bool HasValue { get; }

    /// <summary>Gets the value.</summary>
    /// <exception cref="InvalidOperationException">There is none; the message is <see cref="Detail"/>.</exception>
    public T Value => HasValue ? _value! : throw new InvalidOperationException(Detail);

    /// <summary>Gets the value, if there is one.</summary>
    /// <param name="value">The value.</param>
    /// <returns>False when there is none.</returns>
    public bool TryGetValue([MaybeNullWhen(false)] out T value)
    {
        value = _value;
        return HasValue;
    }

    /// <summary>Returns the state and the sentence.</summary>
    public override string ToString() => Detail.Length == 0 ? $"{State}" : $"{State}: {Detail}";

    internal static KhoReading<T> Present(T value, string caution = "") => new(KhoState.Present, value, true, caution);

    internal static KhoReading<T> Partial(T value, string detail) => new(KhoState.Truncated, value, true, detail);

    internal static KhoReading<T> Unusable(KhoState state, string detail) => new(state, default, false, detail);

    internal static KhoReading<T> Absent(KhoAbsence absence, string detail, Errno errno = Errno.None) =>
        new(KhoState.Absent, default, false, detail) { Absence = absence, Errno = errno };

    internal static KhoReading<T> Unknown(string format, string detail) =>
        new(KhoState.UnknownFormat, default, false, detail) { Format = format };

    /// <summary>Decodes further; a reading without a value stays what it is.</summary>
    internal KhoReading<TOther> Then<TOther>(Func<T, KhoReading<TOther>> decode) =>
        HasValue
            ? decode(_value!)
            : KhoReading<TOther>.As(this);

    private static KhoReading<T> As<TOther>(KhoReading<TOther> other) =>
        new(other.State, default, false, other.Detail) { Absence = other.Absence, Format = other.Format, Errno = other.Errno };
}

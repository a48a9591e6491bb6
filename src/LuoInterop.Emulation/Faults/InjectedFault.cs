namespace LuoInterop.Emulation;

/// <summary>A fault that was armed on an emulated machine; it happens once.</summary>
/// <remarks>The members may be called from several threads at once.</remarks>
public sealed class InjectedFault
{
    private readonly string _description;
    private volatile bool _hasFired;

    internal InjectedFault(string description, FaultPoint point, uint kinds, int nth = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(nth, 1);
        _description = nth == 1 ? description : $"{description} at number {nth}";
        Point = point;
        Kinds = kinds;
        Remaining = nth;
    }

    /// <summary>Gets whether the fault has happened.</summary>
    public bool HasFired
    {
        get => _hasFired;
        internal set => _hasFired = value;
    }

    /// <summary>Gets where the fault waits.</summary>
    internal FaultPoint Point { get; }

    /// <summary>Gets the kinds of event that the fault counts, a bit each.</summary>
    internal uint Kinds { get; }

    /// <summary>Gets the only token that the fault is for; null for any.</summary>
    internal ulong? Token { get; init; }

    /// <summary>Gets what happens.</summary>
    internal FaultEffect Effect { get; init; }

    /// <summary>Gets the error number where <see cref="Effect"/> is a refusal.</summary>
    internal Errno Errno { get; init; }

    /// <summary>Gets the damage of a folio.</summary>
    internal FolioDamage Damage { get; init; }

    /// <summary>Gets the offset in the file of the folio that is damaged, in bytes.</summary>
    internal long Offset { get; init; }

    /// <summary>Gets or sets how many events are left until the fault happens; guarded by the lock of
    /// <see cref="FaultInjection"/>.</summary>
    internal int Remaining { get; set; }

    /// <summary>Says what the fault is and whether it has happened.</summary>
    public override string ToString() => $"{_description}: {(HasFired ? "fired" : "armed")}";
}

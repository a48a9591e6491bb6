namespace LuoInterop.KernelImages;

/// <summary>Is what becomes of everything that is handed over, component by component.</summary>
/// <param name="Components">The components, in the order in which the next kernel comes to them.</param>
public sealed record NextKernelPrediction(IReadOnlyList<ComponentPrediction> Components)
{
    /// <summary>Gets the worst that becomes of a component.</summary>
    public Consequence Worst => Components.Count == 0 ? Consequence.Carried : Components.Max(static component => component.Consequence);

    /// <summary>Gets whether something is surely lost.</summary>
    public bool HasLoss => Worst > Consequence.Unknown;

    /// <summary>Gets the components that are surely lost.</summary>
    public IEnumerable<ComponentPrediction> Losses => Components.Where(static component => component.Consequence > Consequence.Unknown);
}

namespace LuoInterop.KernelImages.Prediction;

/// <summary>Says what becomes of memory that <c>reserve_mem=</c> keeps under names.</summary>
internal static class ReservedMemoryRules
{
    private const string Rule = "reserve_mem_kho_revive, mm/memblock.c";

    public static IEnumerable<ComponentPrediction> Areas(
        HandedOver live, KernelImage next, KernelSwitches switches, Consequence format, Consequence khoSwitch)
    {
        if (live.CommandLine is not { } line)
        {
            yield break;
        }

        foreach ((string name, ulong size, ulong align) in new KernelSwitches(null, line).ReservedMemory())
        {
            (string, ulong Size, ulong Align)[] same = [.. switches.ReservedMemory().Where(area => area.Name == name)];
            string component = $"reserve_mem={name}";
            string found = same.Length == 0
                ? $"the command line reserves no memory {name}"
                : $"{name} has {size:x} bytes aligned to {align:x} here, {same[0].Size:x} aligned to {same[0].Align:x} in the next kernel";
            yield return format == Consequence.SilentlyDropped
                ? new(component, format, "It is part of what KHO drops.", found, Rule)
                : same.Length == 0
                ? new(component, Consequence.SilentlyDropped, "The next kernel does not ask for this memory.", found, Rule)
                : !next.CompatibleTexts.Contains("memblock-v1") || !next.CompatibleTexts.Contains("reserve-mem-v1")
                ? new(component, Consequence.SilentlyDropped, "The next kernel does not know the format.", found, Rule)
                : same[0].Size != size
                ? new(component, Consequence.SilentlyDropped, "The next kernel asks for another size, and gets other memory.", found, Rule)
                : format == Consequence.Unknown || khoSwitch != Consequence.Carried || same[0].Align > align
                ? new(component, Consequence.Unknown, "What becomes of KHO or of the alignment is not known.", found, Rule)
                : new(component, Consequence.Carried, "The next kernel asks for the same memory.", found, Rule);
        }
    }
}

using LuoInterop.KernelImages.Prediction;

namespace LuoInterop.KernelImages;

/// <summary>Predicts what a live update into a kernel would lose.</summary>
/// <remarks>Thread-safe. The rules are those of Linux 6.19 to 7.3, where they differ by the next kernel's release. That something is
/// carried means that the next kernel knows the format: damaged memory, and faults of a kernel, are not foreseen.</remarks>
public static class NextKernel
{
    /// <summary>Predicts what becomes of what is handed over, component by component.</summary>
    /// <param name="live">What is handed over.</param>
    /// <param name="next">The next kernel.</param>
    /// <param name="commandLine">The next kernel's command line; null for the one inside a UKI.</param>
    public static NextKernelPrediction Predict(HandedOver live, KernelImage next, string? commandLine)
    {
        ArgumentNullException.ThrowIfNull(live);
        ArgumentNullException.ThrowIfNull(next);
        if (live.IsNothing)
        {
            return new([
                new(
                    "kho",
                    Consequence.Carried,
                    "Nothing is handed over: the kernel before has no KHO, or has it off.",
                    $"known from {live.Source}",
                    "kho_fill_kimage, kernel/liveupdate/kexec_handover.c"),
            ]);
        }

        var switches = new KernelSwitches(next, commandLine ?? next.Unified?.CommandLine ?? "");
        ComponentPrediction kho = HandoverRules.Format(live, next);
        ComponentPrediction khoSwitch = HandoverRules.Switch(next, switches);
        var components = new List<ComponentPrediction> { kho, khoSwitch };
        Consequence handover = Worse(kho.Consequence, khoSwitch.Consequence);
        if (live.Luo is not { Count: 0 })
        {
            ComponentPrediction luo = LiveUpdateRules.Format(live, next, handover);
            ComponentPrediction luoSwitch = LiveUpdateRules.Switch(switches);
            components.Add(luo);
            components.Add(luoSwitch);
            Consequence state = Worse(luo.Consequence, luoSwitch.Consequence);
            components.AddRange(LiveUpdateRules.Files(live, next, state));
            components.AddRange(LiveUpdateRules.Objects(live, next, state));
            components.AddRange(LiveUpdateRules.Features(live, next, state));
        }

        components.AddRange(ReservedMemoryRules.Areas(live, next, switches, kho.Consequence, khoSwitch.Consequence));
        components.AddRange(HandoverRules.Spelling(next, switches));
        return new NextKernelPrediction(components);
    }

    private static Consequence Worse(Consequence left, Consequence right) => left > right ? left : right;
}

using LuoInterop.KernelImages.Contents;

namespace LuoInterop.KernelImages.Prediction;

/// <summary>Says what becomes of LUO's state, and of the files and objects in it.</summary>
internal static class LiveUpdateRules
{
    private const string Startup = "luo_early_startup, kernel/liveupdate/luo_core.c";
    private const string Deserialize = "luo_file_deserialize_one, kernel/liveupdate/luo_file.c";
    private const string Retrieve = "luo_flb_retrieve_one, kernel/liveupdate/luo_flb.c";

    /// <summary>Compares the formats of LUO's state.</summary>
    /// <param name="live">What is handed over.</param>
    /// <param name="next">The next kernel.</param>
    /// <param name="handover">What becomes of KHO.</param>
    public static ComponentPrediction Format(HandedOver live, KernelImage next, Consequence handover)
    {
        string has = next.Luo.Count == 0 ? $"no text luo-v in {next.KernelBytes} bytes" : $"the image has {string.Join(' ', next.Luo)}";
        string found = $"{has}, {(live.Luo is null ? "nothing known" : string.Join(' ', live.Luo))} is handed over ({live.Source})";
        if (handover == Consequence.SilentlyDropped)
        {
            return new("luo", Consequence.SilentlyDropped, "It is part of what KHO drops. It is not looked at.", found, Startup);
        }

        bool? isSet = next.Configuration?.Has("CONFIG_LIVEUPDATE");
        if (next.Luo.Count == 0 || isSet == false)
        {
            return isSet == true
                ? new("luo", Consequence.Unknown, "The configuration has CONFIG_LIVEUPDATE, and the image has not.", found, Startup)
                : new("luo", Consequence.SilentlyDropped, "The next kernel was built without CONFIG_LIVEUPDATE.", found, Startup);
        }

        if (live.Luo is null)
        {
            return new("luo", Consequence.Unknown, "The format that is handed over is not known.", found, Startup);
        }

        // What the next kernel requires, also where it does nothing with it; what it does not know it passes over.
        if (next.Luo.Except(live.Luo).ToArray() is { Length: > 0 } missing)
        {
            return new(
                "luo",
                Consequence.PanicAtBoot,
                $"The next kernel requires {string.Join(' ', missing)}, also without liveupdate=on, and panics without it"
                    + (handover == Consequence.Unknown ? ", unless KHO drops everything." : "."),
                found,
                "liveupdate_early_init, kernel/liveupdate/luo_core.c");
        }

        return handover == Consequence.Unknown
            ? new("luo", Consequence.Unknown, "Both kernels have the same format, but what becomes of KHO is not known.", found, Startup)
            : new("luo", Consequence.Carried, "Both kernels have the same format.", found, Startup);
    }

    /// <summary>Says whether LUO is on in the next kernel.</summary>
    public static ComponentPrediction Switch(KernelSwitches switches)
    {
        (Consequence consequence, string reason) = switches.Switch("liveupdate") == true
            ? (Consequence.Carried, "Live update is switched on.")
            : (Consequence.SilentlyDropped, "Live update is off unless the command line says liveupdate=on: there is no /dev/liveupdate.");
        return new(
            "liveupdate=", consequence, reason, switches.Said("liveupdate"), "early_liveupdate_param, kernel/liveupdate/luo_core.c");
    }

    /// <summary>Says what becomes of files, by their handlers.</summary>
    public static IEnumerable<ComponentPrediction> Files(HandedOver live, KernelImage next, Consequence state)
    {
        string[] known = [.. next.FileHandlers.Union((next.LiveUpdateVersions ?? []).Select(static version => version.Name))];
        string has = known.Length == 0 ? "the image has no handler that is known" : $"the image has {string.Join(' ', known)}";
        if (live.FileHandlers is not { } handlers)
        {
            // Memory files are what everybody preserves.
            bool hasMemfd = known.Any(static text => Contents.CompatibleTexts.NameOf(text) == "memfd");
            yield return Below(state, "memfd", has) ?? (hasMemfd
                ? new("memfd", Consequence.Unknown, "Which handlers the preserved files have is not known.", has, Deserialize)
                : Missing("memfd", next, has));
            yield break;
        }

        foreach (string handler in handlers)
        {
            yield return Below(state, handler, has) ?? (known.Contains(handler)
                ? state == Consequence.Unknown
                    ? new(
                        handler,
                        Consequence.Unknown,
                        "The next kernel has the handler, but what becomes of LUO is not known.",
                        has,
                        Deserialize)
                    : new(handler, Consequence.Carried, "Both kernels have the handler.", has, Deserialize)
                : Contents.CompatibleTexts.MayBeModule(handler)
                ? new(handler, Consequence.Unknown, "The image has no such handler; a module of it may.", has, Deserialize)
                : Missing(handler, next, has));
        }
    }

    /// <summary>Says what becomes of objects that files share.</summary>
    public static IEnumerable<ComponentPrediction> Objects(HandedOver live, KernelImage next, Consequence state)
    {
        string has = next.SharedObjects.Count == 0
            ? "the image has no object that is known"
            : $"the image has {string.Join(' ', next.SharedObjects)}";
        foreach (string name in live.SharedObjects)
        {
            yield return Below(state, name, has) ?? (CompatibleTexts.KindOf(name) != CompatibleKind.SharedObject
                ? new(
                    name,
                    Consequence.Unknown,
                    "Nothing is known of such an object: it has a number of its own for its format.",
                    has,
                    Retrieve)
                : !next.SharedObjects.Contains(name)
                ? new(name, Consequence.SilentlyDropped, "The next kernel asks for no object of that name.", has, Retrieve)
                : state == Consequence.Unknown
                ? new(name, Consequence.Unknown, "The next kernel has the object, but what becomes of LUO is not known.", has, Retrieve)
                : new(name, Consequence.Carried, "Both kernels have the object.", has, Retrieve));
        }
    }

    /// <summary>Compares the features that kernels list in a section of their own.</summary>
    public static IEnumerable<ComponentPrediction> Features(HandedOver live, KernelImage next, Consequence state)
    {
        const string Rule = "the section .liveupdate_features, which is posted and not merged";
        foreach (LiveUpdateFeature feature in live.Features ?? [])
        {
            LiveUpdateFeature? there = next.LiveUpdateFeatures?.FirstOrDefault(other => other.Name == feature.Name);
            string component = $"{feature.Name} features";
            string found = there is null
                ? $"{feature.Active:x} is handed over, the image lists no {feature.Name}"
                : $"{feature.Active:x} is handed over, the image takes {there.Supported:x} and requires {there.Required:x}";
            yield return Below(state, component, found) ?? (there is not null && state == Consequence.Carried
                && (feature.Active & ~there.Supported) == 0 && (there.Required & ~feature.Active) == 0
                ? new(component, Consequence.Carried, "The next kernel takes all features, and has what it requires.", found, Rule)
                : new(component, Consequence.Unknown, "What a kernel does about features that differ is not settled.", found, Rule));
        }
    }

    // Linux 6.19 passes over files whose handler it lacks; 7.0 does so too, or fails, by its fixes.
    private static ComponentPrediction Missing(string handler, KernelImage next, string has)
    {
        if (next.FileHandlers.Count == 0 && next.Configuration?.Has("CONFIG_LIVEUPDATE_MEMFD") == true)
        {
            return new(
                handler,
                Consequence.Unknown,
                "The configuration has the handler of memory files, and the image has not.",
                has,
                Deserialize);
        }

        string series = string.Join('.', (next.Release ?? "").Split('.', '-').Take(2));
        return series switch
        {
            "6.19" => new(handler, Consequence.SilentlyDropped, "Linux 6.19 passes over files without a handler.", has, Deserialize),
            "7.0" => new(
                handler,
                Consequence.EioAtOpen,
                "No handler takes these files: Linux 7.0 fails the first open, and before the fix of April 2026 passed over them.",
                has,
                Deserialize),
            _ => new(
                handler,
                Consequence.EioAtOpen,
                "No handler takes these files: the first open of /dev/liveupdate fails, and all sessions are lost with it.",
                has,
                Deserialize),
        };
    }

    private static ComponentPrediction? Below(Consequence state, string component, string has) => state switch
    {
        Consequence.SilentlyDropped => new(component, state, "It is part of LUO's state, which is dropped.", has, Startup),
        Consequence.PanicAtBoot => new(component, state, "It is part of LUO's state, over which the next kernel panics.", has, Startup),
        _ => null,
    };
}

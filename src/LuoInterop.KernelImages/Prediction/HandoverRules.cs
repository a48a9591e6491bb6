namespace LuoInterop.KernelImages.Prediction;

/// <summary>Says what becomes of KHO's tree, on which everything else hangs.</summary>
internal static class HandoverRules
{
    private const string Populate = "kho_populate, kernel/liveupdate/kexec_handover.c";

    /// <summary>Compares the formats of the tree.</summary>
    public static ComponentPrediction Format(HandedOver live, KernelImage next)
    {
        const string Option = "CONFIG_KEXEC_HANDOVER";
        bool isMissing = next.Kho.Count == 0;
        bool? isSet = next.Configuration?.Has(Option);
        string found = isMissing
            ? $"no text kho-v in {next.KernelBytes} bytes"
            : $"the image has {string.Join(' ', next.Kho)}, {live.Kho ?? "nothing known"} is handed over ({live.Source})";
        found += isSet is { } set ? $"; {Option} is {(set ? "set" : "not set")}, says {next.Configuration!.Source}" : "";
        if (isMissing || isSet == false)
        {
            return isMissing && isSet == true
                ? new("kho", Consequence.Unknown, "The configuration has KHO, and the image does not.", found, Populate)
                : new("kho", Consequence.SilentlyDropped, "The next kernel was built without KHO.", found, Populate);
        }

        return live.Kho is null
            ? new("kho", Consequence.Unknown, "The format that is handed over is not known.", found, Populate)
            : next.Kho.Contains(live.Kho)
            ? new("kho", Consequence.Carried, "Both kernels have the same format.", found, Populate)
            : new(
                "kho",
                Consequence.SilentlyDropped,
                "The next kernel does not know the format: it boots as after a cold start, and all memory that was kept is free.",
                found,
                Populate);
    }

    /// <summary>Says whether KHO is on in the next kernel.</summary>
    public static ComponentPrediction Switch(KernelImage next, KernelSwitches switches)
    {
        const string Rule = "kho_parse_enable and kho_memory_init, kernel/liveupdate/kexec_handover.c";
        if (switches.Has("elfcorehdr"))
        {
            return new(
                "kho=", Consequence.SilentlyDropped, "A kernel for a crash switches KHO off.", switches.Said("elfcorehdr"), Rule);
        }

        string said = switches.Said("kho");
        if (switches.Switch("kho") is { } isOn)
        {
            return isOn
                ? new("kho=", Consequence.Carried, "KHO is switched on.", said, Rule)
                : new("kho=", Consequence.SilentlyDropped, "KHO is switched off.", said, Rule);
        }

        const string Default = "CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT";
        return next.Configuration?.Has(Default) switch
        {
            true => new(
                "kho=", Consequence.Carried, "KHO is on by default.", $"{said}; {Default}=y, says {next.Configuration.Source}", Rule),
            false => new(
                "kho=",
                Consequence.SilentlyDropped,
                "KHO is off unless the command line says kho=on.",
                $"{said}; {Default} is not set, says {next.Configuration.Source}",
                Rule),
            null => new(
                "kho=", Consequence.Unknown, "Whether KHO is on by default is not known.", $"{said}; the image has no configuration", Rule),
        };
    }

    /// <summary>Finds sizes that are given under a name which the next kernel does not read.</summary>
    public static IEnumerable<ComponentPrediction> Spelling(KernelImage next, KernelSwitches switches)
    {
        const string Rule = "kho_parse_scratch_size and kho_memory_init, kernel/liveupdate/kexec_handover.c";
        foreach ((string said, bool reads, string other, bool readsOther) in
            (ReadOnlySpan<(string, bool, string, bool)>)
            [
                ("kho_scratch", next.ReadsKhoScratch, "kho_bootmem", next.ReadsKhoBootMemory),
                ("kho_bootmem", next.ReadsKhoBootMemory, "kho_scratch", next.ReadsKhoScratch),
            ])
        {
            if (switches.Has(said) && !reads && next.Kho.Count > 0)
            {
                // The areas themselves are part of what is handed over.
                string advice = readsOther ? $" Write {other}= for it." : "";
                return
                [
                    new(
                        said + "=",
                        Consequence.Carried,
                        $"The next kernel does not read {said}=. It inherits the areas now; after a cold boot their sizes are the default."
                            + advice,
                        $"{switches.Said(said)}; the image has no text {said}",
                        Rule),
                ];
            }
        }

        return [];
    }
}

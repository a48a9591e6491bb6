using LuoInterop.Diagnosis.Machine;

namespace LuoInterop.Diagnosis.Checks;

/// <summary>Live update has to be built into the kernel.</summary>
internal static class ConfigurationChecks
{
    public static Finding Kho(DiagnosedMachine machine) => Needed(
        machine,
        "CONFIG_KEXEC_HANDOVER",
        machine.Kernel.Has("CONFIG_DEFERRED_STRUCT_PAGE_INIT") == true && machine.Kernel.Version < new KernelRelease(7, 2)
            ? "Build the kernel with it; before Linux 7.2 it cannot be had together with CONFIG_DEFERRED_STRUCT_PAGE_INIT, which is set."
            : "Use a kernel that is built with it. Debian's 7.3 and Azure Linux's 6.18 have it switched off.");

    public static Finding LiveUpdate(DiagnosedMachine machine) =>
        Needed(machine, "CONFIG_LIVEUPDATE", "Use a kernel of 6.19 or later that is built with it.");

    public static Finding Memfd(DiagnosedMachine machine) =>
        Needed(machine, "CONFIG_LIVEUPDATE_MEMFD", "Without it no memfd can be preserved, and nothing else can before Linux 7.4.");

    public static Finding KexecFile(DiagnosedMachine machine) =>
        Needed(machine, "CONFIG_KEXEC_FILE", "Only kexec_file_load(2) gives the next kernel what is handed over.");

    public static Finding DebugFs(DiagnosedMachine machine) => machine.Kernel.Has("CONFIG_KEXEC_HANDOVER_DEBUGFS") switch
    {
        true => Finding.Ok($"It is set ({Source(machine)})."),
        false => Finding.Warn(
            $"It is not set ({Source(machine)}): the kernel shows nothing of what it hands over.",
            "It is not needed, and helps to find faults."),
        null => machine.Files.Exists(DiagnosedMachine.KhoPath)
            ? Finding.Ok($"{DiagnosedMachine.KhoPath} is there.")
            : Finding.NotLookedAt("No configuration is found, and the option is not needed."),
    };

    private static Finding Needed(DiagnosedMachine machine, string option, string remedy) => machine.Kernel.Has(option) switch
    {
        true => Finding.Ok($"It is set ({Source(machine)})."),
        false => Finding.Fail($"It is not set ({Source(machine)}).", remedy),

        // The device is there only where all of it is built in.
        null when !machine.IsOfImage && machine.Files.Exists(ProcessFiles.DevicePath) && option != "CONFIG_LIVEUPDATE_MEMFD" =>
            Finding.Ok($"No configuration is found; {ProcessFiles.DevicePath} is there, which needs it."),
        null => Finding.Unknown(
            $"No configuration of {machine.Kernel.Name} is found.",
            "It is looked for at /proc/config.gz, /usr/lib/modules/RELEASE/config, /boot/config-RELEASE and "
                + "/lib/modules/RELEASE/build/.config. Name another place with --config."),
    };

    private static string Source(DiagnosedMachine machine) =>
        machine.Kernel.Configuration?.Source ?? machine.Kernel.Features.Source ?? machine.Kernel.Name;
}

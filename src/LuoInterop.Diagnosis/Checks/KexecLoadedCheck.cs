using LuoInterop.Diagnosis.Machine;

namespace LuoInterop.Diagnosis.Checks;

/// <summary>The jump needs a kernel that is loaded; loading may come before or after preserving.</summary>
internal static class KexecLoadedCheck
{
    /// <summary>Tells whether an image is loaded; null where the kernel does not show it.</summary>
    public static bool? IsLoaded(DiagnosedMachine machine) =>
        (machine.Files.Number("/sys/kernel/kexec/loaded") ?? machine.Files.Number("/sys/kernel/kexec_loaded")) switch
        {
            1 => true,
            0 => false,
            _ => null,
        };

    public static Finding Look(DiagnosedMachine machine) => IsLoaded(machine) switch
    {
        true => Finding.Ok("A kernel is loaded."),
        false => Finding.Ok("No kernel is loaded yet: kexec -s -l IMAGE --initrd=INITRD --reuse-cmdline."),
        null => machine.Kernel.Has("CONFIG_KEXEC_FILE") == true
            ? Finding.Unknown("/sys/kernel/kexec_loaded cannot be read.", "See that sysfs is mounted on /sys.")
            : Finding.Fail("/sys/kernel/kexec_loaded is not there: this kernel cannot kexec.", "Use a kernel with CONFIG_KEXEC_FILE."),
    };
}

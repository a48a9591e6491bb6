using LuoInterop.Diagnosis.Machine;

namespace LuoInterop.Diagnosis.Checks;

/// <summary>Where memfds get F_SEAL_EXEC by default, they come back from a live update read-only for ever.</summary>
internal static class MemfdNoexecCheck
{
    private static readonly KernelRelease s_first = new(7, 1);

    public static Finding Look(DiagnosedMachine machine) => machine.Files.Number("/proc/sys/vm/memfd_noexec") switch
    {
        null => Finding.NotLookedAt("vm.memfd_noexec is not shown."),
        0 => Finding.Ok("It is 0: memfds get no F_SEAL_EXEC unless asked for."),
        var value when machine.Kernel.Version < s_first =>
            Finding.Ok($"It is {value}, and this kernel does not carry seals over at all."),
        var value => Finding.Warn(
            $"It is {value}: memfds are made with F_SEAL_EXEC, and Linux 7.1 to 7.3 give such ones back with every seal of writing, "
                + "read-only for ever.",
            value == 1 ? "Make them with MFD_EXEC (MemfdExecutable.Allowed), or set vm.memfd_noexec=0." : "Set vm.memfd_noexec=0."),
    };
}

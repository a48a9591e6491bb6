using LuoInterop.Diagnosis.Machine;
using LuoInterop.KernelImages;

namespace LuoInterop.Diagnosis.Checks;

/// <summary>KHO is on by <c>kho=on</c>, or by default where the kernel is built so.</summary>
internal static class BootKhoCheck
{
    public static Finding Look(DiagnosedMachine machine)
    {
        if (machine.CommandLine is null)
        {
            return Finding.Unknown("The command line is not shown (/proc/cmdline).", "KHO needs kho=on there.");
        }

        return KernelParameter.Switch(machine.Parameters, "kho") switch
        {
            true => Finding.Ok("kho=on is on the command line."),
            false => Finding.Fail("kho=off is on the command line.", "Boot with kho=on liveupdate=on."),
            null => machine.Kernel.Has("CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT") switch
            {
                true => Finding.Ok("The command line has no kho=, and KHO is on by default (CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT)."),
                null when !machine.IsOfImage && machine.KhoIsOn == true => Finding.Ok("The command line has no kho=, and KHO is on."),
                null => Finding.Unknown(
                    "The command line has no kho=, and nothing tells whether KHO is on by default.", "Boot with kho=on liveupdate=on."),
                false => Finding.Fail(
                    "The command line has no kho=on, and KHO is off by default.", "Boot with kho=on liveupdate=on."),
            },
        };
    }
}

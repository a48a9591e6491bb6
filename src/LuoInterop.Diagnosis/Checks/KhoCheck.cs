using LuoInterop.Diagnosis.Machine;
using LuoInterop.Kho;

namespace LuoInterop.Diagnosis.Checks;

/// <summary>KHO may be off although it was asked for: its scratch memory could not be had.</summary>
internal static class KhoCheck
{
    public static Finding Look(DiagnosedMachine machine)
    {
        (bool? isOn, string why) = machine.KhoSwitch;
        return isOn switch
        {
            true when machine.Kho.ListSubTrees(KhoDirection.Out).TryGetValue(out IReadOnlyList<string>? names) =>
                Finding.Ok($"It is on, and hands over {(names.Count == 0 ? "nothing yet" : string.Join(", ", names))}."),
            true => Finding.Ok($"It is on: {why}"),
            false => Finding.Fail(why, "Boot with kho=on liveupdate=on, and look for 'KHO:' in the kernel's log."),
            null => Finding.Unknown(why, "Look as root, with debugfs mounted (mount -t debugfs none /sys/kernel/debug)."),
        };
    }
}

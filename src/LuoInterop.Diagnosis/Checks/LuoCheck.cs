using LuoInterop.Diagnosis.Machine;
using LuoInterop.Kho;

namespace LuoInterop.Diagnosis.Checks;

/// <summary>What LUO writes for the next kernel is shown in debugfs.</summary>
internal static class LuoCheck
{
    public static Finding Look(DiagnosedMachine machine)
    {
        if (machine.KhoIsOn == false)
        {
            return Finding.NotLookedAt("KHO is off.");
        }

        KhoReading<LuoState> state = machine.Kho.ReadLuo(KhoDirection.Out);
        return state.State switch
        {
            KhoState.Present => Finding.Ok(
                $"{state.Value.Compatible}, {state.Value.LiveUpdateNumber - 1} live updates since the last cold boot."),
            KhoState.UnknownFormat => Finding.Unknown(
                $"LUO's state has the form {state.Format}, which is not known here.", "Look for a later version of this tool."),
            KhoState.Absent when state.Absence == KhoAbsence.LiveUpdateOff => Finding.Fail(
                "KHO is on, and LUO hands over nothing: it is off.", "Boot with liveupdate=on."),
            KhoState.Absent => Finding.NotLookedAt(state.Absence == KhoAbsence.NoPermission
                ? $"This user may not read {DiagnosedMachine.KhoPath}."
                : $"The kernel does not show it in {DiagnosedMachine.KhoPath}."),
            _ => Finding.Fail($"LUO's state is damaged: {state.Detail}", "Report it; do not kexec with preserved memory."),
        };
    }
}

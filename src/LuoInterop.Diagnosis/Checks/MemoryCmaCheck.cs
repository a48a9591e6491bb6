using LuoInterop.Diagnosis.Machine;
using LuoInterop.Kho;

namespace LuoInterop.Diagnosis.Checks;

/// <summary>Scratch memory is of the kind of CMA: nothing can pin it for long, and it is in no total of CMA.</summary>
internal static class MemoryCmaCheck
{
    // Below this, what cannot be pinned has not been noticed by anybody.
    private const ulong MuchBytes = 1UL << 30;

    public static Finding Look(DiagnosedMachine machine)
    {
        MemoryInfo memory = machine.Memory;
        if (memory.CmaFree is null && memory.CmaTotal is null && machine.Scratch.State != KhoState.Present)
        {
            return Finding.NotLookedAt("/proc/meminfo has no numbers of CMA, and the areas of KHO are not shown.");
        }

        // CmaFree counts the areas of KHO, CmaTotal does not: what is free beyond the total is theirs.
        ulong total = memory.CmaTotal ?? 0;
        ulong hidden = (memory.CmaFree ?? 0) > total ? memory.CmaFree!.Value - total : 0;
        ulong scratch = machine.Scratch.TryGetValue(out IReadOnlyList<KhoScratchArea>? areas) ? MemoryKhoCheck.Sum(areas) : 0;
        ulong unpinnable = Math.Max(hidden, scratch);
        string numbers = $"CmaTotal {Bytes.Text(total)}, CmaFree {Bytes.Text(memory.CmaFree ?? 0)}, areas of KHO {Bytes.Text(scratch)}";
        return unpinnable >= MuchBytes
            ? Finding.Warn(
                $"{Bytes.Text(unpinnable)} cannot be pinned for long ({numbers}): GPU, RDMA and VFIO mappings may fail with ENOMEM "
                    + "although memory is free.",
                "Boot with a smaller kho_scratch=, or with kho=off where live update is not used.")
            : Finding.Ok($"{numbers}.");
    }
}

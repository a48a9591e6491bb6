using LuoInterop.Diagnosis.Machine;
using LuoInterop.KernelImages;

namespace LuoInterop.Diagnosis.Checks;

/// <summary>A size of scratch memory that the kernel cannot read is ignored without a word (kho_parse_scratch_size).</summary>
internal static class BootScratchCheck
{
    // The second is its name from Linux 7.4 on.
    private static readonly string[] s_names = ["kho_scratch", "kho_bootmem"];
    private static readonly KernelRelease s_renamed = new(7, 4);

    public static Finding Look(DiagnosedMachine machine)
    {
        if (machine.CommandLine is null)
        {
            return Finding.NotLookedAt("The command line is not shown.");
        }

        KernelParameter[] given = [.. machine.Parameters.Where(static parameter => s_names.Any(parameter.Is))];
        if (given.Length == 0)
        {
            return Finding.Ok("The kernel chooses the size: 200% of what it had reserved by then.");
        }

        KernelParameter last = given[^1];
        string text = $"{last.Name}={last.Value}";
        string remedy = $"Write {last.Name}=N%, or {last.Name}=LOW,GLOBAL,PERNODE with K, M or G, not all of them 0.";
        if (!IsWellFormed(last.Value ?? ""))
        {
            return Finding.Fail($"{text} cannot be read by the kernel, which ignores it.", remedy);
        }

        if (machine.Kernel.Version is { } version && last.Is("kho_bootmem") != version >= s_renamed)
        {
            return Finding.Warn(
                $"{text}: the option is called kho_scratch up to Linux 7.3 and kho_bootmem from 7.4 on; "
                    + $"{machine.Kernel.Release} does not know this one.",
                "Give both.");
        }

        bool handedOver = !machine.IsOfImage && machine.Files.Exists($"{DiagnosedMachine.KhoPath}/in/fdt");
        return Finding.Ok(handedOver ? $"{text} is of no effect: the areas are those of the kernel before." : $"{text} is well formed.");
    }

    /// <summary>Reads a value as the kernel does.</summary>
    internal static bool IsWellFormed(string value)
    {
        if (value.EndsWith('%'))
        {
            return int.TryParse(
                value.AsSpan(0, value.Length - 1),
                System.Globalization.NumberStyles.None,
                System.Globalization.CultureInfo.InvariantCulture,
                out int percent) && percent > 0;
        }

        string[] parts = value.Split(',');
        ulong total = 0;
        foreach (string part in parts)
        {
            ulong size = KernelParameter.MemParse(part, out int used);
            if (used == 0 || used != part.Length)
            {
                return false;
            }

            total |= size;
        }

        return parts.Length == 3 && total != 0;
    }
}

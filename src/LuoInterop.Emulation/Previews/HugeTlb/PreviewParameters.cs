using LuoInterop.KernelImages;

namespace LuoInterop.Emulation.Previews.HugeTlb;

/// <summary>Reads the preview's own boot parameters, which choose among the talk's options. No posting has them.</summary>
/// <param name="Luo"><c>hugetlb_luo=count|pool|none</c>; count is what was posted.</param>
/// <param name="Memory"><c>hugetlb_boot=extended|early|scratch</c>; extended is what Linux 7.3 does.</param>
internal sealed record PreviewParameters(LuoMode Luo, BootMemoryMode Memory)
{
    /// <summary>Reads a command line's parameters; the last one counts, and a value that is none is not looked at.</summary>
    public static PreviewParameters Read(IEnumerable<KernelParameter> parameters)
    {
        var read = new PreviewParameters(LuoMode.Count, BootMemoryMode.Extended);
        foreach (KernelParameter parameter in parameters)
        {
            if (parameter.Is("hugetlb_luo"))
            {
                read = parameter.Value switch
                {
                    "count" => read with { Luo = LuoMode.Count },
                    "pool" => read with { Luo = LuoMode.Pool },
                    "none" => read with { Luo = LuoMode.None },
                    _ => read,
                };
            }
            else if (parameter.Is("hugetlb_boot"))
            {
                read = parameter.Value switch
                {
                    "extended" => read with { Memory = BootMemoryMode.Extended },
                    "early" => read with { Memory = BootMemoryMode.Early },
                    "scratch" => read with { Memory = BootMemoryMode.ScratchOnly },
                    _ => read,
                };
            }
        }

        return read;
    }
}

namespace LuoInterop.Emulation.HugeTlb;

/// <summary>Reads the preview's own boot parameters, which choose among the talk's options. No posting has them.</summary>
/// <param name="Luo"><c>hugetlb_luo=count|pool|none</c>; count is what was posted.</param>
/// <param name="Memory"><c>hugetlb_boot=extended|early|scratch</c>; extended is what Linux 7.3 does.</param>
internal sealed record PreviewParameters(LuoMode Luo, BootMemoryMode Memory)
{
    /// <summary>Reads a command line's words; the last one counts, and a value that is none is not looked at.</summary>
    public static PreviewParameters Read(IEnumerable<string> words)
    {
        var read = new PreviewParameters(LuoMode.Count, BootMemoryMode.Extended);
        foreach (string word in words)
        {
            read = word switch
            {
                "hugetlb_luo=count" => read with { Luo = LuoMode.Count },
                "hugetlb_luo=pool" => read with { Luo = LuoMode.Pool },
                "hugetlb_luo=none" => read with { Luo = LuoMode.None },
                "hugetlb_boot=extended" => read with { Memory = BootMemoryMode.Extended },
                "hugetlb_boot=early" => read with { Memory = BootMemoryMode.Early },
                "hugetlb_boot=scratch" => read with { Memory = BootMemoryMode.ScratchOnly },
                _ => read,
            };
        }

        return read;
    }
}

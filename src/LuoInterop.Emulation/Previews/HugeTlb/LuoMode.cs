namespace LuoInterop.Emulation.Previews.HugeTlb;

/// <summary>Names what keeps the next kernel from allocating pages that preserved files bring with them: <c>hugetlb_luo=</c>.</summary>
internal enum LuoMode
{
    /// <summary>One count for each pool, and that many fewer are allocated: the talk's option 2, as posted.</summary>
    Count,

    /// <summary>The whole pool is handed over, and frozen until the kexec: the talk's option 1.</summary>
    Pool,

    /// <summary>Nothing: the talk's problem 1.</summary>
    None,
}

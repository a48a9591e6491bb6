namespace LuoInterop.Emulation;

/// <summary>Counts a pool of huge pages of an emulated kernel (the preview <c>rfc-hugetlb</c>).</summary>
/// <param name="PageSize">The size of a page in bytes: 2 MiB or 1 GiB.</param>
/// <param name="Total">The pages of the pool (<c>nr_hugepages</c>).</param>
/// <param name="Free">The pages that no file has (<c>free_hugepages</c>).</param>
/// <param name="Reserved">The free pages that mappings will use (<c>resv_hugepages</c>).</param>
/// <param name="Surplus">The pages above the persistent ones (<c>surplus_hugepages</c>).</param>
/// <param name="FromLiveUpdate">The pages that preserved files of the previous kernel will bring,
/// as counted when this kernel booted.</param>
/// <param name="Leaked">
/// The pages of files whose retrieve failed: in no pool until the next boot, on purpose, because a device may still use them.
/// </param>
/// <remarks>Source: <c>struct hstate</c> of mm/hugetlb.c; the last two 20251206230222.853493-1-pratyush@kernel.org.</remarks>
public sealed record HugePagePool(
    long PageSize, ulong Total, ulong Free, ulong Reserved, ulong Surplus, ulong FromLiveUpdate, ulong Leaked);

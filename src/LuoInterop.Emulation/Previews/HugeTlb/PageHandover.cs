using LuoInterop.Emulation.Kho;
using LuoInterop.Emulation.Luo;
using LuoInterop.Kho;

namespace LuoInterop.Emulation.Previews.HugeTlb;

/// <summary>Hands the huge pages of preserved files over, and tells nothing of them:
/// the next kernel allocates too many (the talk's problem 1).</summary>
/// <remarks>The base of the talk's two options. Guarded by the running kernel's lock.</remarks>
internal class PageHandover(KexecHandover handover) : IEarlyPages
{
    /// <summary>Gets the pages' keeper.</summary>
    protected KexecHandover Handover { get; } = handover;

    /// <summary>Makes what <c>hugetlb_luo=</c> asks for.</summary>
    /// <param name="mode">The mode.</param>
    /// <param name="handover">The pages' keeper.</param>
    /// <param name="flbs">The objects of this kernel and of the previous one; null where live update is off.</param>
    public static PageHandover Create(LuoMode mode, KexecHandover handover, LuoFlbList? flbs) => mode switch
    {
        LuoMode.Count => new CountedPages(handover, flbs),
        LuoMode.Pool => new WholePools(handover, flbs),
        _ => new PageHandover(handover),
    };

    public virtual ulong Count(int order) => 0;

    public virtual bool HasPool(int order) => false;

    /// <summary>Binds the object that goes with the files to their handler (hugetlb_luo_init): 0 or <c>-errno</c>.</summary>
    public virtual int Register(FileHandler handler, HugeTlbPools pools) => 0;

    /// <summary>Preserves a page of a file: 0, with the folio owned by the memory; or <c>-errno</c>.</summary>
    public virtual int Preserve(Hstate hstate, FolioRange folio) =>
        Handover.TryPreserveFolio(folio, hstate.Order) ? 0 : Interop.Refused.ENOMEM;

    /// <summary>Undoes <see cref="Preserve"/>.</summary>
    public virtual void Unpreserve(Hstate hstate, FolioRange folio) => Handover.UnpreserveFolio(folio, hstate.Order);

    /// <summary>Takes a page out of the previous kernel's preservation: false when none of this size begins there.</summary>
    /// <param name="hstate">The pool.</param>
    /// <param name="pfn">The page's first frame.</param>
    /// <param name="folio">The file that holds its bytes, still in memory; null where there is none.</param>
    public virtual bool TryRestore(Hstate hstate, ulong pfn, out FolioRange? folio) =>
        Handover.RestoreFolio(pfn, out folio) == hstate.Order;

    /// <summary>Takes a restored page into the pool, for a file.</summary>
    public virtual void Adopt(Hstate hstate, ulong pfn) => hstate.AddActive(pfn);

    /// <summary>Takes a restored page into the pool that no file wants any more.</summary>
    public virtual void GiveBack(Hstate hstate, ulong pfn) => hstate.AddFree(pfn);

    /// <summary>Drops the bytes of a restored page, and keeps its frames.</summary>
    public void Drop(Hstate hstate, ulong pfn, FolioRange? folio)
    {
        if (folio is null)
        {
            Handover.KeepRestored(pfn, hstate.Order);
        }
        else
        {
            Handover.RemoveFolio(folio);
        }
    }
}

namespace LuoInterop.Emulation.Kho;

/// <summary>Keeps which pieces of memory are preserved.</summary>
/// <remarks>Not safe for use from several threads at once: the running kernel's lock guards it.</remarks>
internal abstract class PreservedMap
{
    /// <summary>Gets what the root tree names: the physical address from which the next kernel reads, 0 for none yet.</summary>
    public abstract ulong Address { get; }

    /// <summary>Gets the pages of the map itself, which nothing marks as preserved.</summary>
    public abstract IEnumerable<ulong> Pages { get; }

    /// <summary>Adds a piece of <c>1 &lt;&lt; order</c> pages.</summary>
    /// <returns><see cref="Errno.None"/> or ENOMEM.</returns>
    public abstract Errno Add(ulong address, int order);

    /// <summary>Removes a piece.</summary>
    public abstract void Remove(ulong address, int order);

    /// <summary>Brings what <see cref="Address"/> names up to date (kho_mem_serialize).</summary>
    /// <returns><see cref="Errno.None"/> or ENOMEM.</returns>
    public abstract Errno Serialize();

    /// <summary>Forgets all pieces, and what was serialized (kho_abort of Linux 6.18).</summary>
    public abstract void Clear();
}

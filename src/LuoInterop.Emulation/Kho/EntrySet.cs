namespace LuoInterop.Emulation.Kho;

/// <summary>Holds the preserved memory that a freeze fills with entries of one size.</summary>
/// <remarks>Not safe for use from several threads at once: the running kernel's lock guards it.</remarks>
internal abstract class EntrySet
{
    /// <summary>Gets the address from which the next kernel reads, 0 for none.</summary>
    public abstract ulong Head { get; }

    /// <summary>Makes room for a number of entries; on failure nothing has changed.</summary>
    /// <returns>0, ENOMEM when memory is short, or what the set answers when it is full.</returns>
    public abstract int Grow(int entries);

    /// <summary>Gives up what a number of entries does not need.</summary>
    public abstract void Shrink(int entries);

    /// <summary>Gives up all memory.</summary>
    public abstract void Destroy();

    /// <summary>Empties all entries.</summary>
    public abstract void Clear();

    /// <summary>Writes an entry; the one before is written already.</summary>
    /// <param name="index">Its number, below what the set has room for.</param>
    /// <param name="entry">Its bytes.</param>
    public abstract void Write(int index, ReadOnlySpan<byte> entry);

    /// <summary>Empties an entry.</summary>
    public abstract void Erase(int index);
}

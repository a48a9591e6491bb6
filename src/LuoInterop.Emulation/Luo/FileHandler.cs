using LuoInterop.Emulation.Interop;
using LuoInterop.Interop;

namespace LuoInterop.Emulation.Luo;

/// <summary>Preserves and retrieves one kind of file (<c>struct liveupdate_file_ops</c>, include/linux/liveupdate.h).</summary>
/// <remarks>Called with the running kernel's lock held. Calls return 0 or <c>-errno</c>.</remarks>
internal abstract class FileHandler
{
    /// <summary>Gets the name under which the next kernel finds the handler.</summary>
    public abstract string Compatible { get; }

    /// <summary>Tells whether the handler takes a file.</summary>
    public abstract bool CanPreserve(int fd, in statx status);

    /// <summary>Saves a file's state, and sets <see cref="LuoFile.SerializedData"/>.</summary>
    public abstract int Preserve(LuoFile file, in statx status);

    /// <summary>Undoes <see cref="Preserve"/>.</summary>
    public abstract void Unpreserve(LuoFile file);

    /// <summary>Finds what was done to a preserved file that Linux would have refused.</summary>
    public virtual void FindChanges(LuoFile file, SessionKey session, List<EmulatedFrozenFileChange> changes)
    {
    }

    /// <summary>Brings the saved state up to date, right before the kexec.</summary>
    public virtual int Freeze(LuoFile file) => 0;

    /// <summary>Undoes <see cref="Freeze"/>.</summary>
    public virtual void Unfreeze(LuoFile file)
    {
    }

    /// <summary>Makes a file from the saved state, and sets <see cref="LuoFile.File"/> and <see cref="LuoFile.Id"/>.</summary>
    public abstract int Retrieve(LuoFile file);

    /// <summary>Tells whether the file's session may be finished.</summary>
    public virtual bool CanFinish(LuoFile file) => true;

    /// <summary>Drops what is left of the saved state.</summary>
    public abstract void Finish(LuoFile file);
}

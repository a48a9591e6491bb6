using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;
using Tmds.Linux;

namespace LuoInterop.Emulation.Luo;

/// <summary>Preserves and retrieves one kind of file (<c>struct liveupdate_file_handler</c>, include/linux/liveupdate.h).</summary>
/// <remarks>
/// Called with the running kernel's lock held. Calls return 0 or <c>-errno</c>. Linux knows one name for a handler; here one may
/// write one form of several, and read more than it writes: <see cref="LuoFile.Compatible"/> says which one a record has.
/// </remarks>
internal abstract class FileHandler
{
    private string[]? _reads;

    /// <summary>Gets the name of the form that the handler writes unless it chooses another,
    /// under which the next kernel finds it.</summary>
    public abstract string Compatible { get; }

    /// <summary>Gets the names of all forms that the handler retrieves files from.</summary>
    public virtual IReadOnlyList<string> Reads => _reads ??= [Compatible];

    /// <summary>Gets the module that the handler belongs to; null for one that is built in.</summary>
    public KernelModule? Owner { get; init; }

    /// <summary>Gets the objects that live as long as files of this handler are preserved, in the order of their registration.</summary>
    public List<LuoFlb> Flbs { get; } = [];

    /// <summary>Tells whether the handler takes a file of the host.</summary>
    public virtual bool CanPreserve(int fd, in statx status) => false;

    /// <summary>Tells whether the handler takes a file of the emulation's own.</summary>
    public virtual bool CanPreserve(OpenFile file) => false;

    /// <summary>Finds what no two preserved files of the host may share (get_id): 0 or <c>-errno</c>.</summary>
    public virtual int Identify(int fd, in statx status, PreservedFiles preserved, out InodeKey id)
    {
        id = HostFile.Key(status);
        return 0;
    }

    /// <summary>Saves a file's state, and sets <see cref="LuoFile.SerializedData"/>.</summary>
    public abstract int Preserve(LuoFile file, in statx status);

    /// <summary>Undoes <see cref="Preserve"/>.</summary>
    public abstract void Unpreserve(LuoFile file);

    /// <summary>Finds what was done to a preserved file that Linux would have refused.</summary>
    public virtual void FindChanges(LuoFile file, SessionKey session, List<EmulatedFrozenFileChange> changes)
    {
    }

    /// <summary>Finds the folios of a preserved file that hold a page, for a damage to them; null when none does.</summary>
    public virtual FolioRange? FindFolios(LuoFile file, ulong page) =>
        file.PrivateData is FolioRange range && page < range.PageCount ? range : null;

    /// <summary>Brings the saved state up to date, right before the kexec.</summary>
    public virtual int Freeze(LuoFile file) => 0;

    /// <summary>Undoes <see cref="Freeze"/>.</summary>
    public virtual void Unfreeze(LuoFile file)
    {
    }

    /// <summary>Makes a file from the saved state: sets <see cref="LuoFile.File"/> or <see cref="LuoFile.Own"/>, and
    /// <see cref="LuoFile.Id"/>.</summary>
    public abstract int Retrieve(LuoFile file);

    /// <summary>Tells whether the file's session may be finished.</summary>
    public virtual bool CanFinish(LuoFile file) => true;

    /// <summary>Drops what is left of the saved state.</summary>
    public abstract void Finish(LuoFile file);
}

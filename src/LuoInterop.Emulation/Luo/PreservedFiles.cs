using LuoInterop.Emulation.Interop;

namespace LuoInterop.Emulation.Luo;

/// <summary>Holds the files of all sessions by what no two of them may share (luo_preserved_files of
/// kernel/liveupdate/luo_file.c).</summary>
/// <remarks>Not safe for use from several threads at once: the running kernel's lock guards it.</remarks>
internal sealed class PreservedFiles
{
    // An inode of the host never has this device.
    private const ulong Description = ulong.MaxValue - 2;

    private readonly HashSet<InodeKey> _ids = [];
    private readonly List<LuoFile> _descriptions = [];
    private ulong _last;

    public int Count => _ids.Count;

    public bool Contains(InodeKey id) => _ids.Contains(id);

    public void Add(LuoFile file)
    {
        if (_ids.Add(file.Id) && file.Id.Device == Description)
        {
            _descriptions.Add(file);
        }
    }

    public void Remove(LuoFile file)
    {
        _ids.Remove(file.Id);
        if (file.Id.Device == Description)
        {
            _descriptions.Remove(file);
        }
    }

    /// <summary>Finds the identity of an open file description of the host, in place of the address of its <c>struct file</c>.</summary>
    /// <returns>0, or <c>-errno</c> where the host cannot tell whether two descriptors are of one description.</returns>
    public int Identify(int fd, out InodeKey id)
    {
        foreach (LuoFile known in _descriptions)
        {
            int same = HostFile.AreSame(fd, known.File!.Fd);
            if (same != 0)
            {
                id = known.Id;
                return Math.Min(same, 0);
            }
        }

        id = new InodeKey(Description, ++_last, 0, 0);
        return 0;
    }
}

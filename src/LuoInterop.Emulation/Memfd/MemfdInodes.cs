using LuoInterop.Emulation.Interop;
using Tmds.Linux;

namespace LuoInterop.Emulation.Memfd;

/// <summary>Finds what the emulated kernel knows of host files that are preserved or were retrieved.</summary>
/// <remarks>Belongs to one kernel, so that it never outgrows one boot. Guarded by the running kernel's lock.</remarks>
/// <param name="host">The kernel of the host.</param>
internal sealed class MemfdInodes(HostKernel host)
{
    private readonly Dictionary<InodeKey, MemfdInode> _inodes = [];
    private volatile int _count;

    /// <summary>Gets the kernel of the host.</summary>
    public HostKernel Host => host;

    /// <summary>Gets whether no file is known: calls can go to the host unseen. Safe to read from any thread.</summary>
    public bool IsEmpty => _count == 0;

    /// <summary>Gets whether a file has pages whose memory is broken.</summary>
    public bool HasPoison { get; private set; }

    /// <summary>Remembers which pages of a file are broken.</summary>
    public void Poison(MemfdInode inode, SortedSet<long> pages)
    {
        inode.PoisonedPages = pages;
        HasPoison = true;
    }

    /// <summary>Finds a file, or null.</summary>
    public MemfdInode? Find(InodeKey key) => _inodes.GetValueOrDefault(key);

    /// <summary>Finds the file behind a host descriptor, or null.</summary>
    public MemfdInode? Find(int fd, out statx status)
    {
        status = default;
        return _count != 0 && HostFile.Stat(fd, out status) == 0 ? Find(HostFile.Key(status)) : null;
    }

    /// <summary>Finds a file, or makes its entry.</summary>
    public MemfdInode GetOrAdd(InodeKey key)
    {
        if (!_inodes.TryGetValue(key, out MemfdInode? inode))
        {
            inode = new MemfdInode();
            _inodes.Add(key, inode);
            _count = _inodes.Count;
        }

        return inode;
    }

    /// <summary>Enters a file of a kind of its own, in place of an older entry.</summary>
    public void Add(InodeKey key, MemfdInode inode)
    {
        _inodes[key] = inode;
        _count = _inodes.Count;
    }

    /// <summary>Forgets a file that is gone.</summary>
    public void Remove(InodeKey key)
    {
        _inodes.Remove(key);
        _count = _inodes.Count;
    }

    /// <summary>Enumerates the preserved files.</summary>
    public IEnumerable<InodeKey> Frozen() => _inodes.Where(static inode => inode.Value.IsFrozen).Select(static inode => inode.Key);

    /// <summary>Lifts the freeze, and forgets a file that has nothing else of note (shmem_freeze).</summary>
    public void Thaw(InodeKey key)
    {
        if (_inodes.TryGetValue(key, out MemfdInode? inode))
        {
            inode.IsFrozen = false;
            if (inode.IsOrdinary)
            {
                _inodes.Remove(key);
                _count = _inodes.Count;
            }
        }
    }
}

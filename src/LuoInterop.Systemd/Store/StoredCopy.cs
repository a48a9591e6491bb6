using System.Globalization;
using System.Runtime.InteropServices;
using LuoInterop.Interop;
using LuoInterop.Systemd.Interop;
using Tmds.Linux;

namespace LuoInterop.Systemd.Store;

/// <summary>Is what this process knows of a descriptor in the store.</summary>
/// <remarks>
/// <para>systemd drops a descriptor without an answer, and a barrier passes all the same. Of a memfd it can be seen whether it did: the
/// store gets an open file of its own, which holds a shared lock (flock(2)). The lock lives as long as that open file does, so an
/// exclusive lock is refused as long as systemd has it. The application's own open file is not touched. Of a memfd that came from systemd
/// the application gets an opening of its own, and this process closes the one that systemd has.</para>
/// <para>Not safe for use by several threads at once.</para>
/// </remarks>
internal sealed class StoredCopy : IDisposable
{
    private readonly bool _owned;

    private StoredCopy(DescriptorName name, SafeHandle witness, bool provable, bool owned)
    {
        Name = name;
        Witness = witness;
        IsProvable = provable;
        _owned = owned;
    }

    public DescriptorName Name { get; }

    /// <summary>Gets a descriptor that tells the file: of a memfd another opening, of others a duplicate.</summary>
    public SafeHandle Witness { get; }

    /// <summary>Gets whether <see cref="IsKept"/> can be asked.</summary>
    public bool IsProvable { get; }

    /// <summary>Gets or sets whether systemd is known to have it: it came from there, or that was proven.</summary>
    public bool IsCertain { get; set; }

    /// <summary>Gets whether it came from the store, or at least from a unit.</summary>
    public bool WasReceived { get; private init; }

    /// <summary>Makes what is known of a descriptor that systemd passed.</summary>
    public static StoredCopy OfReceived(Kernel kernel, ReceivedDescriptor received)
    {
        if (received.Kind == DescriptorKind.Memfd && TryReopen(kernel, received.Handle, out KernelHandle? witness))
        {
            if (TryReopen(kernel, received.Handle, out KernelHandle? opened))
            {
                if (TryLock(received.Handle, FileHeader.LOCK_SH))
                {
                    received.Replace(opened);
                    return new StoredCopy(received.StoreName, witness, provable: true, owned: true)
                    {
                        IsCertain = true, WasReceived = true,
                    };
                }

                opened.Dispose();
            }

            witness.Dispose();
        }

        return new StoredCopy(received.StoreName, received.Handle, provable: false, owned: false) { IsCertain = true, WasReceived = true };
    }

    /// <summary>Prepares a descriptor for the store.</summary>
    /// <param name="kernel">The kernel that the descriptor belongs to.</param>
    /// <param name="name">The name that it gets.</param>
    /// <param name="descriptor">The caller's descriptor.</param>
    /// <param name="sent">What to send, and to dispose then.</param>
    public static StoredCopy Prepare(Kernel kernel, DescriptorName name, SafeHandle descriptor, out KernelHandle sent)
    {
        if (IsMemory(kernel, descriptor) && TryReopen(kernel, descriptor, out KernelHandle? witness))
        {
            if (TryReopen(kernel, descriptor, out KernelHandle? reopened))
            {
                if (TryLock(reopened, FileHeader.LOCK_SH))
                {
                    sent = reopened;
                    return new StoredCopy(name, witness, provable: true, owned: true);
                }

                reopened.Dispose();
            }

            witness.Dispose();
        }

        sent = Duplicate(kernel, descriptor);
        try
        {
            return new StoredCopy(name, Duplicate(kernel, descriptor), provable: false, owned: true);
        }
        catch
        {
            sent.Dispose();
            throw;
        }
    }

    private static void Unlock(SafeHandle file)
    {
        using var open = new DescriptorReference(file);
        KernelException.Check(SystemCall.Result(FileHeader.flock(open.Fd, FileHeader.LOCK_UN)), "flock");
    }

    /// <summary>Looks whether systemd has the descriptor now.</summary>
    public bool IsKept()
    {
        if (TryLock(Witness, FileHeader.LOCK_EX))
        {
            Unlock(Witness);
            return false;
        }

        return true;
    }

    /// <summary>Says whether a descriptor is of the same file.</summary>
    public bool IsOf(Kernel kernel, SafeHandle descriptor)
    {
        if (Witness.IsClosed || Witness.IsInvalid)
        {
            return false;
        }

        return IsMemory(kernel, Witness) && IsMemory(kernel, descriptor)
            ? Uninterrupted.FStat(kernel, Witness, out FileStatus mine) >= 0
                && Uninterrupted.FStat(kernel, descriptor, out FileStatus other) >= 0
                && (mine.Device, mine.Inode) == (other.Device, other.Inode)
            : SameFile.Is(kernel, Witness, descriptor);
    }

    public void Dispose()
    {
        if (_owned)
        {
            Witness.Dispose();
        }
    }

    /// <summary>Says whether a file is of memory, which every opening of shows alike.</summary>
    internal static bool IsMemory(Kernel kernel, SafeHandle file) =>
        Uninterrupted.FStat(kernel, file, out FileStatus status) >= 0
        && IsRegular(status.Mode)
        && status.FileSystemType is MagicHeader.TMPFS_MAGIC or MagicHeader.HUGETLBFS_MAGIC;

    /// <summary>Says whether a mode is of a regular file.</summary>
    internal static bool IsRegular(uint mode) => (mode & (ushort)LibC.S_IFMT) == (ushort)LibC.S_IFREG;

    private static bool TryLock(SafeHandle file, int how)
    {
        using var open = new DescriptorReference(file);
        int result;
        do
        {
            result = SystemCall.Result(FileHeader.flock(open.Fd, how | FileHeader.LOCK_NB));
        }
        while (result == -(int)Errno.EINTR);
        return result >= 0 || (result == -(int)Errno.EAGAIN ? false : throw KernelException.For(result, "flock"));
    }

    public static KernelHandle Duplicate(Kernel kernel, SafeHandle descriptor)
    {
        var duplicate = new KernelHandle(kernel);
        KernelException.Check(duplicate.Take(kernel.Fcntl(descriptor, LibC.F_DUPFD_CLOEXEC, 0)), "F_DUPFD_CLOEXEC");
        return duplicate;
    }

    private static bool TryReopen(
        Kernel kernel, SafeHandle descriptor, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out KernelHandle? reopened)
    {
        reopened = null;
        int mode = kernel.Fcntl(descriptor, LibC.F_GETFL);
        if (mode < 0)
        {
            return false;
        }

        using var open = new DescriptorReference(descriptor);
        var handle = new KernelHandle(kernel);
        string path = string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{open.Fd}");
        if (handle.Take(Uninterrupted.Open(kernel, path, (mode & LibC.O_ACCMODE) | LibC.O_CLOEXEC)) < 0)
        {
            // No /proc, or a security module that forbids it: then nothing can be proven.
            handle.Dispose();
            return false;
        }

        reopened = handle;
        return true;
    }
}

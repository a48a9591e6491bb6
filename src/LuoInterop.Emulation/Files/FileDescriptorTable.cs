namespace LuoInterop.Emulation.Files;

/// <summary>Holds the descriptors of one process of the emulated kernel (<c>struct files_struct</c>, fs/file.c): those of files that the
/// kernel emulates, and those of the host.</summary>
/// <remarks>Not safe for use from several threads at once: the running kernel's lock guards it.</remarks>
internal abstract class FileDescriptorTable
{
    /// <summary>Tells whether a number is one of an emulated file; a local table does so also where nothing is open.</summary>
    public abstract bool Owns(int fd);

    /// <summary>Gets the emulated file behind a number, or null.</summary>
    public abstract OpenFile? Get(int fd);

    /// <summary>Makes room for an emulated file (get_unused_fd_flags): what <see cref="Install"/> takes, or EMFILE.</summary>
    public abstract int Reserve();

    /// <summary>Gives the room back (put_unused_fd).</summary>
    public abstract void Cancel(int reserved);

    /// <summary>Puts a file into the room (fd_install). The table owns the reference, and puts it where that fails.</summary>
    /// <returns>The number under which the process finds it, or <c>-errno</c>.</returns>
    public abstract int Install(int reserved, OpenFile file, bool closeOnExec = true);

    /// <summary>Gives an emulated file of this or another process a further number (F_DUPFD): it, EINVAL or EMFILE.</summary>
    /// <param name="file">The file; on success the table has a reference of its own.</param>
    /// <param name="minimum">The lowest number that is wanted.</param>
    /// <param name="closeOnExec">Whether execve(2) closes it.</param>
    public abstract int Duplicate(OpenFile file, int minimum, bool closeOnExec);

    /// <summary>Tells whether a number is closed by execve(2).</summary>
    public abstract bool IsCloseOnExec(int fd);

    /// <summary>Sets whether a number is closed by execve(2).</summary>
    public abstract void SetCloseOnExec(int fd, bool closeOnExec);

    /// <summary>Closes an emulated file's number: 0 or EBADF.</summary>
    public abstract int Close(int fd);

    /// <summary>Closes all numbers in ascending order, as the exit of a process does.</summary>
    public abstract void CloseAll();

    /// <summary>Takes another reference to a host file of the process, as fget() does.</summary>
    /// <returns>A descriptor of this process, or <c>-errno</c>; EBADF also for a descriptor that was opened with O_PATH.</returns>
    public abstract int DuplicateHost(int fd);

    /// <summary>Makes room for a host file (get_unused_fd_flags): what <see cref="InstallHost"/> takes, or EMFILE.</summary>
    public abstract int ReserveHost();

    /// <summary>Puts a host file into the room (fd_install), close-on-exec set.</summary>
    /// <param name="reserved">The room.</param>
    /// <param name="file">A descriptor of this process; it stays the caller's.</param>
    /// <returns>The number under which the process finds it, or <c>-errno</c>.</returns>
    public abstract int InstallHost(int reserved, int file);

    /// <summary>Gives the room back, with the file that may be in it.</summary>
    public abstract void CancelHost(int reserved);
}

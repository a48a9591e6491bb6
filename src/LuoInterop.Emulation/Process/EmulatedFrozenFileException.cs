using System.Text;

namespace LuoInterop.Emulation;

/// <summary>Reports at reboot(KEXEC) that preserved files were changed in ways that Linux refuses while they are preserved.</summary>
/// <remarks>
/// <para>Memory files are real ones of the host, and a call on the raw descriptor goes past the emulated kernel, which
/// cannot refuse it. So it looks when the files are handed over, as a freeze that fails: nothing is handed over, the kernel
/// runs on, sessions stay usable, and reboot(2) can be tried again once the files are as they were. On Linux the program's
/// call would have failed: mend the program.</para>
/// <para>It sees sizes, allocated blocks and seals, not the calls: a change that was undone by then does not show, nor a
/// hole in a file that had at least as many blocks past its end. Closing a session does not look: from then on Linux allows
/// the same calls, and close(2) is no place to report another call's fault.</para>
/// </remarks>
public sealed class EmulatedFrozenFileException : Exception
{
    internal EmulatedFrozenFileException(IReadOnlyList<EmulatedFrozenFileChange> changes)
        : base(Text(changes)) => Changes = changes;

    /// <summary>Gets every change found, in the order in which the files would have been frozen; at least one.</summary>
    public IReadOnlyList<EmulatedFrozenFileChange> Changes { get; }

    private static string Text(IReadOnlyList<EmulatedFrozenFileChange> changes)
    {
        var text = new StringBuilder(
            "The emulated kernel hands nothing over: preserved files were changed by host calls that Linux refuses.");
        foreach (EmulatedFrozenFileChange change in changes)
        {
            text.Append('\n').Append(change);
        }

        return text.ToString();
    }
}

/// <summary>Says what was done to a preserved file past the emulated kernel, and how Linux would have answered.</summary>
/// <param name="Session">The name of the session that preserves the file.</param>
/// <param name="Token">The file's token in it.</param>
/// <param name="LinkText">The text of the file's link in /proc/self/fd.</param>
/// <param name="Seen">What differs from the file as PRESERVE_FD left it, in words.</param>
/// <param name="Operation">The calls that do it, in words.</param>
/// <param name="Errno">What Linux answers to them while the file is preserved.</param>
/// <remarks>
/// Source: EPERM of <c>shmem_setattr</c>, <c>shmem_write_begin</c> and <c>shmem_fallocate</c> under SHMEM_F_MAPPING_FROZEN
/// (mm/shmem.c, since Linux 6.19), EBUSY of <c>memfd_wait_for_pins</c> (mm/memfd.c).
/// </remarks>
public sealed record EmulatedFrozenFileChange(
    string Session, ulong Token, string LinkText, string Seen, string Operation, Errno Errno)
{
    /// <summary>Says it in one sentence.</summary>
    public override string ToString() =>
        $"Session \"{Session}\", token {Token}, {LinkText}: {Seen}; Linux answers {Operation} with {Errno}.";
}

namespace LuoInterop.Emulation;

/// <summary>States what the emulated kernel knowingly does otherwise than Linux, in sentences for people.</summary>
internal static class EmulatedDifferences
{
    public static IReadOnlyList<string> All { get; } =
    [
        "Preserved memory lives in this process: it does not survive a real kexec, nor the end of the process.",
        "reboot(KEXEC) ends the program by an exception and starts it again in the next kernel; on Linux the call never returns.",
        "Host calls on a raw descriptor go past the emulation, which cannot see them: what Linux refuses for a preserved file is reported at reboot(KEXEC).",
        "A retrieved file keeps inode number, owner and timestamps, unless it had to be copied, because a program cannot move pages to a new file; Linux does.",
        "Folio orders follow the machine's options, because the host does not show those of its page cache; physical frames exist only while preserved.",
        "F_SEAL_WRITE on a preserved file is refused at once, because nothing is pinned; Linux waits about 150 ms for the pins first.",
        "Everybody is root: permissions of the device, of kexec and of reboot are not checked.",
        "RLIMIT_NOFILE counts the device, sessions and debugfs files apart, because they are no descriptors of the host; each preserved file is one.",
        "A program that runs into the frozen sessions during the kexec gets an exception; on Linux it hangs until the jump.",
        "Linux 6.19 can lose pages that were only allocated, or were written after PRESERVE_FD; the emulated kernel loses none.",
        "After a failed reboot(KEXEC) early kernels of 6.19 forget where preserved files are; the emulated kernel never does.",
        "Calls on the wrong kind of session make Linux 6.19 to 7.1 leak memory and warn; here only the answers and the freeze are the same.",
        "Linux 6.18 begins a handover that names no memory map, and finds nothing in it; here it does not begin.",
        "A link of the preserved map to the middle of a page is a panic here, as a circle is; Linux follows it.",
        "Small allocations of the kernel fail (ENOMEM) only where a fault was armed for it; the system never runs out of files (ENFILE).",
        "Preview of guest_memfd: a touch through a mapping of a page that a frozen file lacks is SIGSEGV; on Linux it is SIGBUS. In a system call both are EFAULT.",
        "Preview of guest_memfd: a thread that fills holes through a mapping while PRESERVE_FD runs may be refused a page until the call returns; on Linux it is there or not.",
        "A load through a mapping of memory that a fault poisoned reads bytes of 0xaa; on Linux it is a SIGBUS.",
    ];

    /// <summary>Gets what else it does otherwise where it emulates huge pages.</summary>
    public static IReadOnlyList<string> HugeTlb { get; } =
    [
        .. All,
        "Huge pages are counted when the pool is next asked for: a page that a program touched through a mapping, and a file that was closed past the seam.",
        "A touched page that the pool does not have is a zeroed page of the host; on Linux it is a SIGBUS.",
        "A mapping of huge pages is aligned to 4 KiB where the host has no free huge pages; MADV_REMOVE gives no page back to the pool.",
        "On a host with free huge pages the host's pool counts too: mmap(2) can fail with ENOMEM where the emulated pool has pages.",
        "Private mappings keep their reservation until their first address is unmapped through the seam; pages that they copy are not counted.",
        "All programs are in one hugetlb cgroup, whose files lie in /sys/fs/cgroup; memory cgroups are not charged. There is one node; pages are not demoted.",
        "The machine's memory has no hole and no kernel in it, so that more gigantic pages fit at boot than on a real one of its size.",
    ];
}

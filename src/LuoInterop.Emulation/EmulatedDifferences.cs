namespace LuoInterop.Emulation;

/// <summary>Lists what the emulated kernel knowingly does otherwise than Linux.</summary>
/// <remarks>The page docs/emulation.md is made from it; a test shows each row.</remarks>
internal static class EmulatedDifferences
{
    /// <summary>Gets what holds for every emulated kernel.</summary>
    public static IReadOnlyList<EmulatedDifference> Always { get; } =
    [
        new(
            "memory-of-the-process", "preserved memory",
            "it ends with its machine and its process",
            "it survives the kexec of the computer",
            "the machine is emulated inside the process"),
        new(
            "reboot-throws", "reboot(KEXEC)",
            "ends the program by an exception; it starts again in the next kernel",
            "never returns",
            "the process has to live on"),
        new(
            "calls-past-the-seam", "host calls on a raw descriptor",
            "are done; what Linux refuses for a preserved file is reported at reboot(KEXEC)",
            "are refused at once",
            "the emulation does not see them"),
        new(
            "retrieved-inode", "RETRIEVE_FD",
            "the file keeps inode number, owner and timestamps, unless it had to be copied",
            "the file is a new one",
            "a program cannot move pages to a new file"),
        new(
            "folio-orders", "PRESERVE_FD",
            "folios have the orders of the machine's options, and frames only while preserved",
            "folios are those of the page cache",
            "the host does not show its own"),
        new(
            "write-seal-at-once", "F_SEAL_WRITE on a preserved file",
            "EBUSY at once",
            "EBUSY after waiting about 150 ms for the pins to go",
            "nothing is pinned"),
        new(
            "everybody-is-root", "open of the device, kexec_file_load, reboot",
            "permissions are not checked",
            "root's only",
            "programs are to be tested without root"),
        new(
            "descriptor-limit", "RLIMIT_NOFILE",
            "counts device, sessions and debugfs files apart from the rest; each preserved file takes a descriptor of the host",
            "counts all open files together",
            "the former are no descriptors of the host"),
        new(
            "frozen-sessions-throw", "a call on a session during the kexec",
            "throws",
            "hangs until the jump",
            "the thread has to live on"),
        new(
            "no-lost-pages", "PRESERVE_FD of 6.19",
            "keeps every page",
            "can lose pages that were only allocated, or written afterwards",
            "the loss depends on the state of pages that only the host knows"),
        new(
            "failed-reboot-forgets-nothing", "reboot(KEXEC) that failed, on 6.19",
            "the next one hands over every file",
            "early kernels of 6.19 forget where the files are",
            "it is a fault that later kernels of 6.19 have not"),
        new(
            "wrong-session-leaks-nothing", "calls on the wrong kind of session, 6.19 to 7.1",
            "the answers and the freeze are the same; two kexecs later every page is free",
            "memory leaks, and the kernel warns",
            "the leak has no effect that a program can rely on"),
        new(
            "no-map-no-handover", "kexec on 6.18 that was never finalized",
            "no handover begins",
            "a handover begins that names no memory map, and finds nothing in it",
            "a program sees nothing of it either way"),
        new(
            "map-link-into-a-page", "a link of the preserved map to the middle of a page",
            "the next kernel panics, as it does for a circle",
            "the link is followed",
            "a sound map has none"),
        new(
            "allocations-never-fail-alone", "small allocations",
            "fail (ENOMEM) only where a fault was armed; files never run out (ENFILE)",
            "fail when memory is short",
            "the host's memory is not the machine's"),
        new(
            "poisoned-bytes", "a load through a mapping of memory that a fault poisoned",
            "reads bytes of 0xaa",
            "SIGBUS",
            "the host's page is sound"),
    ];

    /// <summary>Gets what else holds with <see cref="KernelPreviews.GuestMemfd"/>.</summary>
    public static IReadOnlyList<EmulatedDifference> GuestMemfd { get; } =
    [
        new(
            "guest-memfd-missing-page", "a touch through a mapping of a page that a frozen guest_memfd lacks",
            "SIGSEGV",
            "SIGBUS",
            "the host protects the hole; in a system call both are EFAULT"),
        new(
            "guest-memfd-holes-one-by-one", "a thread that fills holes through a mapping while PRESERVE_FD runs",
            "may be refused a page until the call returns",
            "the page is there or not",
            "the holes of a mapping are closed one after the other"),
        new(
            "kvm-timers-stand-still", "timers of a vCPU's APIC, and of the 8254",
            "keep their counts and never go off",
            "count, and interrupt the guest",
            "a guest is C#, and waits for lines that the VMM raises"),
    ];

    /// <summary>Gets what else holds where huge pages are emulated: with <see cref="KernelPreviews.HugeTlb"/>.</summary>
    public static IReadOnlyList<EmulatedDifference> HugeTlb { get; } =
    [
        new(
            "huge-counted-later", "a huge page that was touched through a mapping, a file closed past the seam",
            "counts when the pool is next asked for",
            "counts at once",
            "the emulation does not see it"),
        new(
            "huge-touch-without-a-page", "a touch of a huge page that the pool does not have",
            "is a zeroed page of the host",
            "SIGBUS",
            "the emulation does not see it"),
        new(
            "huge-alignment", "mmap and MADV_REMOVE of huge pages",
            "aligned to 4 KiB; MADV_REMOVE gives no page back to the pool",
            "aligned to the huge page, and given back",
            "the file is a plain one where the host has no free huge pages"),
        new(
            "huge-host-pool", "mmap on a host with free huge pages",
            "the host's pool counts too: ENOMEM where the emulated pool has pages",
            "one pool counts",
            "the file is then a real one of the host"),
        new(
            "huge-private-mapping", "private mappings",
            "keep their reservation until their first address is unmapped through the seam; copied pages are not counted",
            "give back page by page, and count copies",
            "the emulation does not see who copies"),
        new(
            "huge-one-cgroup", "cgroups and nodes",
            "all programs are in one hugetlb cgroup in /sys/fs/cgroup, memory cgroups are not charged, there is one node",
            "each program is in its own, on several nodes",
            "the emulation has one of each"),
        new(
            "huge-no-hole", "gigantic pages at boot",
            "the machine's memory has no hole and no kernel in it: more fit",
            "fewer fit",
            "the emulated memory is one range"),
    ];

    /// <summary>Gets every row.</summary>
    public static IEnumerable<EmulatedDifference> All => [.. Always, .. GuestMemfd, .. HugeTlb];

    /// <summary>Says what differs on a kernel, a line each.</summary>
    public static IReadOnlyList<string> Say(bool guestMemfd, bool hugeTlb) => s_said[(guestMemfd ? 1 : 0) + (hugeTlb ? 2 : 0)];

    private static readonly IReadOnlyList<string>[] s_said =
    [
        .. Enumerable.Range(0, 4).Select(static previews => (IReadOnlyList<string>)
        [
            .. Always.Concat((previews & 1) != 0 ? GuestMemfd : []).Concat((previews & 2) != 0 ? HugeTlb : [])
                .Select(static row => row.ToString()),
        ]),
    ];
}

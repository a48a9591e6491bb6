using System.Runtime.InteropServices;

namespace LuoInterop;

/// <summary>Names the operations that a kernel can refuse.</summary>
internal static class Operation
{
    public const string OpenDevice = "open of the live update device";
    public const string CreateSession = "CREATE_SESSION";
    public const string RetrieveSession = "RETRIEVE_SESSION";
    public const string PreserveFd = "PRESERVE_FD";
    public const string RetrieveFd = "RETRIEVE_FD";
    public const string Finish = "FINISH";
    public const string GetName = "GET_NAME";
    public const string MemfdCreate = "memfd_create";
    public const string Truncate = "ftruncate";
    public const string Allocate = "fallocate";
    public const string Seek = "lseek";
    public const string Read = "read";
    public const string Write = "write";
    public const string AddSeals = "F_ADD_SEALS";
    public const string GetSeals = "F_GET_SEALS";
    public const string Status = "statx";
    public const string Map = "mmap";
    public const string Unmap = "munmap";
    public const string Advise = "madvise";
    public const string Link = "readlink";
    public const string KexecFileLoad = "kexec_file_load";
    public const string Reboot = "reboot(KEXEC)";
    public const string OpenFile = "open";
}

/// <summary>Says what an error number means for an operation, and what to do about it.</summary>
/// <remarks>Sources are the kernel files named in each group, Linux 7.3.4.</remarks>
internal static class Refusal
{
    public static string Explain(string operation, Errno errno) =>
        Specific(operation, errno) ?? General(errno);

    /// <summary>Tells whether the same call can succeed later; see <see cref="KernelException.IsTransient"/>.</summary>
    public static bool IsTransient(string operation, Errno errno) => (operation, errno) switch
    {
        (_, Errno.EINTR or Errno.EAGAIN or Errno.EMFILE or Errno.ENFILE) => true,
        (Operation.Reboot, _) => errno is not (Errno.EPERM or Errno.EINVAL or Errno.ESTALE),
        (Operation.OpenDevice or Operation.KexecFileLoad or Operation.Finish, Errno.EBUSY) => true,
        (Operation.KexecFileLoad, Errno.ETXTBSY) => true,
        (_, Errno.ENOMEM) => operation != Operation.RetrieveFd,
        _ => false,
    };

    private static string? Specific(string operation, Errno errno) => (operation, errno) switch
    {
        // kernel/liveupdate/luo_core.c, luo_session.c
        (Operation.CreateSession, Errno.EEXIST) =>
            "an outgoing session of this name is open, in this or in another process. Use another name, or close that session.",
        (Operation.CreateSession, Errno.ENOSPC) => "the kernel holds as many sessions as it can hand over (510,000).",
        (Operation.CreateSession, Errno.EINVAL) => "the name is empty or has no NUL within 64 bytes.",
        (Operation.CreateSession, Errno.ENOMEM) => "the kernel lacks memory for the session, or for a block of the list of sessions "
            + "that it hands over; Linux 6.19 to 7.1 answer so from 819 sessions on.",
        (Operation.RetrieveSession, Errno.ENOENT) =>
            "the previous kernel handed over no session of this name, or it was finished already. On a first boot that is no fault: "
                + "use TryRetrieveSession.",
        (Operation.RetrieveSession, Errno.EINVAL) =>
            "the session was retrieved already and its descriptor is still open, here or in another process.",

        // kernel/liveupdate/luo_file.c
        (Operation.PreserveFd, Errno.EEXIST) => "the token is in use in this session. Choose another one; closing the file does not "
            + "free it.",
        (Operation.PreserveFd, Errno.EBADF) => "the file's descriptor is not open, or was opened with O_PATH.",
        (Operation.PreserveFd, Errno.ENOENT) =>
            "no handler of this kernel preserves a file of this kind. Linux 7.3 takes memfds and unlinked tmpfs files, and no "
                + "huge-page (MFD_HUGETLB) or secret memory; Preservability.Of says which rule it breaks.",
        (Operation.PreserveFd, Errno.EBUSY) =>
            "the file is preserved already, by this or another session, or it came from a retrieved session that is not finished. "
                + "Finish that session first.",
        (Operation.PreserveFd, Errno.EINVAL) => "the session was retrieved from the previous kernel; only a created session takes files.",
        (Operation.PreserveFd, Errno.EFBIG) => "the file has more than 4,294,967,295 pages.",
        (Operation.PreserveFd, Errno.ENOMEM) =>
            "the kernel lacks memory to fill the file's holes, pin its pages or list them; a file of 1 TiB or more is always refused so.",
        (Operation.PreserveFd, Errno.ENOSPC) =>
            "the file's holes could not be filled (tmpfs or memory limits), or the session holds 630,000 files (128 on Linux 6.19 to 7.1).",
        (Operation.PreserveFd, Errno.EOPNOTSUPP) => "the file carries seals that this kernel cannot hand over.",
        (Operation.RetrieveFd, Errno.ENOENT) => "the session has no file with this token, or it was finished already.",
        (Operation.RetrieveFd, Errno.EINVAL) =>
            "the session was created in this kernel, so there is nothing to retrieve; or the file's handed-over record is damaged, or the "
                + "kernel lacks memory to map it: then its content is lost, and every further attempt will say so.",
        (Operation.RetrieveFd, Errno.EIO) => "pages of the file could not be restored; its content is lost, and every further attempt "
            + "will say so.",
        (Operation.RetrieveFd, Errno.ENOMEM or Errno.ENOSPC) =>
            "the kernel lacks memory, or may not commit as much, to restore the file; its content is lost, and every further attempt "
                + "will say so.",
        (Operation.RetrieveFd, Errno.EOPNOTSUPP) =>
            "the file was handed over with seals that this kernel does not know; its content is lost, and every further attempt will "
                + "say so.",
        (Operation.GetName, Errno.EINVAL) => "the descriptor is no session; or the kernel is older than 7.2 and does not tell a "
            + "session's name, nor does /proc.",
        (Operation.Finish, Errno.EBUSY) => "a file of the session is not ready to be finished. Nothing was finished; retry.",
        (Operation.Finish, Errno.EINVAL) => "the session was created in this kernel; only a retrieved session can be finished.",

        // mm/memfd.c, mm/shmem.c
        (Operation.MemfdCreate, Errno.EACCES) =>
            "sysctl vm.memfd_noexec=2 forbids executable memfds. Linux gives every preserved memfd back executable, and one that is "
                + "sealed against it read-only for ever; set vm.memfd_noexec to 0 or 1, or ask for MemfdExecutable.Sealed and do not "
                + "preserve it.",
        (Operation.MemfdCreate, Errno.EINVAL) => "the kernel does not know these flags, or the name is longer than 249 bytes.",
        (Operation.MemfdCreate, Errno.ENODEV) => "the kernel has no huge-page pool of this size.",
        (Operation.Truncate or Operation.Allocate or Operation.Write, Errno.EPERM) =>
            "the file is sealed against it, or frozen: while a session preserves a memfd its size and its holes cannot change.",
        (Operation.Truncate, Errno.EINVAL) => "the size is negative, or not a multiple of the file's huge page size.",
        (Operation.AddSeals, Errno.EBUSY) => "the file has a writable mapping, or its pages are pinned because a session preserves it.",
        (Operation.AddSeals, Errno.EPERM) => "the file is sealed against further seals, or was made without sealing.",
        (Operation.AddSeals or Operation.GetSeals, Errno.EINVAL) => "the file is no memfd, or a seal is unknown to the kernel.",

        // mm/vma.c: vms_gather_munmap_vmas
        (Operation.Unmap, Errno.ENOMEM) =>
            "the mapping lies between others of the same file that the kernel holds as one, and the process has as many mappings as "
                + "vm.max_map_count allows, or the kernel is out of memory. The mapping is still there; dispose it later.",

        // kernel/kexec_file.c, kernel/kexec_core.c, kernel/reboot.c
        (Operation.KexecFileLoad, Errno.EPERM) =>
            "loading a kernel needs CAP_SYS_BOOT, kernel.kexec_load_disabled must be 0 and kernel.kexec_load_limit_reboot not 0; a "
                + "locked down kernel (/sys/kernel/security/lockdown; Secure Boot) takes signed images only.",
        (Operation.KexecFileLoad, Errno.ENOEXEC) => "the file is not a kernel image that this machine can start.",
        (Operation.KexecFileLoad, Errno.EBUSY) => "another kexec operation is running. Retry.",
        (Operation.KexecFileLoad, Errno.ETXTBSY) => "a program has the file open for writing. Wait until it has closed it.",
        (Operation.KexecFileLoad, Errno.EADDRNOTAVAIL) =>
            "the image and its initial RAM disk do not fit into KHO's scratch memory. Boot with a larger kho_scratch=, or use a "
                + "smaller initrd.",
        (Operation.KexecFileLoad, Errno.EINVAL) =>
            "the flags or the command line are not acceptable (a command line is at most 2047 bytes on x86-64), or the image or the "
                + "initial RAM disk is empty or no regular file; on arm64 also: not a kernel image.",
        (Operation.KexecFileLoad, Errno.ENOSYS) => "the kernel was built without CONFIG_KEXEC_FILE.",
        (Operation.KexecFileLoad, Errno.EACCES) => "a policy of the security modules (IMA, SELinux) does not let this file be loaded: "
            + "it wants it signed, or of another kind.",

        // crypto/asymmetric_keys/verify_pefile.c, pkcs7_verify.c, pkcs7_trust.c, certs/system_keyring.c
        (Operation.KexecFileLoad, Errno.ENODATA) =>
            "the image is not signed, and the kernel takes signed ones only (CONFIG_KEXEC_SIG_FORCE, lockdown). Load the "
                + "distribution's signed image, or sign it with a key that the kernel trusts.",
        (Operation.KexecFileLoad, Errno.ENOKEY) =>
            "the kernel does not know the key that signed the image. Load an image of the same distribution, or enroll the key (MOK, "
                + "db) and boot once.",
        (Operation.KexecFileLoad, Errno.EKEYREJECTED) =>
            "the image's signature does not fit its content, its key is on the list of revoked ones, or this loader cannot check "
                + "signatures. Load an unchanged, newer image of the distribution.",
        (Operation.KexecFileLoad, Errno.EKEYEXPIRED or Errno.EKEYREVOKED) =>
            "the key that signed the image has expired or was revoked. Load an image that is signed with a valid one.",
        (Operation.KexecFileLoad, Errno.ENOPKG) =>
            "the kernel has no algorithm to check the image's signature with. Load its module (crypto), or use an image signed otherwise.",
        (Operation.KexecFileLoad, Errno.EBADMSG) => "the image's signature is damaged. Copy or sign the image again.",
        (Operation.KexecFileLoad, Errno.ELIBBAD) => "the image's PE header is damaged, or its signature is cut. Copy the image again.",
        (Operation.KexecFileLoad, Errno.EBADF) => "the kernel image or the initrd is not open for reading.",
        (Operation.Reboot, Errno.EPERM) => "reboot needs CAP_SYS_BOOT.",
        (Operation.Reboot, Errno.EINVAL) => "no kernel image is loaded, or this is not the initial pid namespace. The system runs on; "
            + "load an image and retry.",
        (Operation.Reboot, Errno.ESTALE) => "another kernel image may be loaded than was checked. The system runs on; load again.",
        (Operation.Reboot, Errno.EBUSY) => "another kexec operation is running. The system runs on; retry.",
        (Operation.Reboot, _) =>
            $"{System(errno)}; a preserved file's handler could not freeze. The system runs on, all sessions are as before, and the "
                + "call can be retried.",
        _ => null,
    };

    public static string General(Errno errno) => errno switch
    {
        Errno.EMFILE => "the process has as many open files as RLIMIT_NOFILE allows.",
        Errno.ENFILE => "the system has as many open files as it can have.",
        Errno.ENOMEM => "the kernel is out of memory.",
        Errno.ENOTTY => "the descriptor is not a live update device or session of this kernel.",
        Errno.EBADF => "the descriptor is not open.",
        Errno.EFAULT => "the structure that was passed is not in readable and writable memory.",
        Errno.E2BIG => "the kernel is older than the structure that was passed.",
        _ => System(errno) + ".",
    };

    private static string System(Errno errno) => Marshal.GetPInvokeErrorMessage((int)errno);
}

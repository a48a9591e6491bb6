using LuoInterop.Diagnosis.Machine;

namespace LuoInterop.Diagnosis.Checks;

/// <summary>Lists the faults of Linux' live update that are known, by the versions that have them.</summary>
/// <remarks>Sources: the kernel's own changes from 6.19 to 7.3, and what the sources of 7.3 show.</remarks>
internal static class KnownFaults
{
    private static readonly KernelRelease V619 = new(6, 19);
    private static readonly KernelRelease V70 = new(7, 0);
    private static readonly KernelRelease V71 = new(7, 1);
    private static readonly KernelRelease V72 = new(7, 2);
    private static readonly KernelRelease V73 = new(7, 3);

    public static IReadOnlyList<KnownFault> All { get; } =
    [
        new("fault-failed-kexec", "a kexec that is refused", V619, V70,
            "After a kexec that was refused, the data of preserved files are forgotten, and closing or trying again goes wrong.",
            "Close all sessions after a failed kexec, and preserve anew.") { MayBeBackported = true },
        new("fault-failed-retrieve", "a retrieve that is refused", V619, V70,
            "A retrieve that failed can be tried again on what it has freed.",
            "Do not retrieve a token again that failed.") { MayBeBackported = true },
        new("fault-clean-folios", "pages written after they were preserved", V619, V70,
            "Pages that fallocate made, or that were written after they were preserved, may be lost.",
            "Write everything before it is preserved.") { MayBeBackported = true },
        new("fault-missing-files", "sessions without their files", V619, V71,
            "Files that cannot be taken up are left out at the first open without an error.",
            "Check what is in a session against its catalogue.") { MayBeBackported = true },
        new("fault-preserved-twice", "one file preserved twice", V619, V71,
            "The same memfd can be preserved twice, and is freed twice.", "Preserve each file once.") { MayBeBackported = true },
        new("fault-retrieve-cleanup", "cleaning up after a failed retrieve", V619, V71,
            "A retrieve that fails cleans up at a wrong address, and counts large folios wrongly.",
            "Do not go on after a failed retrieve."),
        new("fault-short-file", "a retrieve that stops half way", V619, V71,
            "A retrieve that meets a bad folio ends with success, and the rest of the file is zeroes.",
            "Keep checksums, as the catalogue does.") { MayBeBackported = true },
        new("fault-huge-file", "memfds of 16 TiB and more", V619, V71,
            "Of a memfd with more than 4294967295 pages only the beginning is kept.", "Use several memfds."),
        new("fault-crash-kernel", "a crash kernel and KHO", V619, V71,
            "A crash kernel takes what was handed over.", "Do not load a crash kernel beside KHO.") { MayBeBackported = true },
        new("fault-debugfs-names", "the incoming side of debugfs", V619, V71,
            "in/sub_fdts lacks entries, or shows them with a wrong size.", "Read the outgoing side.") { MayBeBackported = true },
        new("fault-names", "names of sessions", V619, V72,
            "Empty and unterminated names are taken, or cut.", "LuoInterop checks names itself.")
            { IsAvoided = true, MayBeBackported = true },
        new("fault-session-kind", "calls of the wrong kind of session", V619, V72,
            "FINISH on an outgoing session, or PRESERVE_FD on an incoming one, damages it.", "LuoInterop does not ask for that.")
            { IsAvoided = true },
        new("fault-reboot-race", "sessions changed during the kexec", V619, V72,
            "Sessions that change while the kernel writes them down are handed over damaged.",
            "Stop all who preserve before the kexec."),
        new("fault-retrieve-race", "two who retrieve one session", V619, V72,
            "A session that goes away while it is retrieved is used after it was freed.", "Let one process retrieve."),
        new("fault-use-after-free", "closing and finishing at once", V619, V72,
            "Closing and finishing sessions at the same time uses memory that was freed.", "Do one after the other."),
        new("fault-preserve-context", "a kexec that comes back", V619, V72,
            "A kexec with KEXEC_PRESERVE_CONTEXT leaves LUO frozen.", "Do not use it with live update."),
        new("fault-limits", "819 sessions, 128 files", V619, V72,
            "There are at most 819 sessions, and 128 files in each.", "Put more into one memfd."),
        new("fault-deferred-pages", "CONFIG_DEFERRED_STRUCT_PAGE_INIT", new(6, 16), V72,
            "KHO cannot be had together with it, and large machines boot slower.", "Build the kernel without it."),
        new("fault-scratch-alignment", "areas that are not aligned", new(6, 16), V72,
            "Scratch areas that are not aligned let the next kernel crash at boot.",
            "Give sizes that are multiples of 4 MiB in kho_scratch=."),
        new("fault-get-name", "GET_NAME's argument", new(7, 2, 0, 1), new(7, 2, 0, 5),
            "Candidates of 7.2 check the argument of GET_NAME wrongly.", "Take the name from the link's text."),
        new("fault-finish-reserved", "FINISH's reserved field", V619, new(7, 2, 6),
            "FINISH takes a reserved field that is not zero, which later kernels refuse.", "LuoInterop passes zero.") { IsAvoided = true },
        new("fault-preserved-size", "the count of preserved memory", new(6, 16), V73,
            "The size of what is preserved is counted wrongly when it is reserved at boot.", "It is not known to lose anything."),
        new("fault-empty-block", "51 sessions and a failed create", V72, null,
            "With a multiple of 51 sessions and a create that failed with EEXIST, the next kernel panics at boot.",
            "KexecImage.Reboot makes it harmless; the row sessions-51 counts.") { IsAvoided = true },
        new("fault-exec-seal", "memfds with F_SEAL_EXEC", V71, null,
            "They come back read-only for ever.", "LuoInterop makes memfds without it; the row memfd-noexec has the default of others.")
            { IsAvoided = true },
        new("fault-lost-seals", "memfds' seals", V619, V71,
            "Seals are lost, and the memfd that comes back cannot be sealed again.", "Copy what has to be sealed."),
        new("fault-read-only-argument", "arguments that cannot be written", V619, null,
            "RETRIEVE_SESSION with an argument in read-only memory destroys the session, and PRESERVE_FD preserves and says EFAULT.",
            "LuoInterop's arguments can be written.") { IsAvoided = true },
        new("fault-preserve-again", "a file preserved again before FINISH", V71, null,
            "A retrieved file cannot be preserved again before its session is finished (EBUSY).",
            "LuoInterop says so: finish, then preserve.") { IsAvoided = true },
        new("fault-stale-debugfs", "what debugfs shows", V72, null,
            "in/sub_fdts/LUO shows memory that is used for something else, and out/fdt is cut short, or absent after a handover.",
            "LuoInterop.Kho names these states.") { IsAvoided = true },
        new("fault-one-tebibyte", "memfds of 1 TiB and more", V619, null,
            "They are refused with ENOMEM, however much memory there is.", "LuoInterop says so beforehand; use several memfds.")
            { IsAvoided = true },
        new("fault-calls-hang", "calls after the freeze", V72, null,
            "From the freeze to the jump every call of a session waits without end, and cannot be killed.",
            "Nothing comes after it but the next kernel.") { IsAvoided = true },
        new("fault-systemd-older", "a systemd older than the session's", V619, null,
            "It finishes the session that it does not understand, and the memory is gone.", "The row systemd-downgrade looks at that.")
            { IsAvoided = true },
    ];
}

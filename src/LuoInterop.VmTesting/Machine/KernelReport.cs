namespace LuoInterop.VmTesting.Machine;

/// <summary>Knows how a kernel begins each kind of report about itself. The words are those of Linux's own sources, 4.x to 7.3.</summary>
/// <remarks>
/// Not meant, since nothing is wrong with the kernel: a program's fault (<c>segfault at</c>, <c>traps: NAME[PID] general protection
/// fault</c>), lack of memory, hardware errors, a damaged file system, and what drivers and mitigations merely advise.
/// </remarks>
internal static class KernelReport
{
    /// <summary>Gives what reports begin with, each with a text that has to be behind it where the begin alone is not enough.</summary>
    internal static IReadOnlyList<(string Start, string Then)> Openings => s_openings;

    private static readonly (string Start, string Then)[] s_openings =
    [
        // kernel/panic.c __warn(): 7.x, then before it.
        ("WARNING: ", ", CPU#"),
        ("WARNING: CPU: ", " PID: "),
        ("WARNING: at ", ""),

        // kernel/locking/lockdep.c; before 4.11 in a box, "[ INFO: ... ]".
        ("WARNING: possible circular locking dependency detected", ""),
        ("WARNING: possible recursive locking detected", ""),
        ("WARNING: possible irq lock inversion dependency detected", ""),
        ("WARNING: inconsistent lock state", ""),
        ("WARNING: ", "-unsafe lock order detected"),
        ("WARNING: chain_key collision", ""),
        ("WARNING: Nested lock was not taken", ""),
        ("WARNING: nested lock was not taken", ""),
        ("WARNING: bad unlock balance detected", ""),
        ("WARNING: bad contention detected", ""),
        ("WARNING: held lock freed", ""),
        ("WARNING: ", " still has locks held!"),
        ("WARNING: lock held when returning to user space", ""),
        ("WARNING: suspicious RCU usage", ""),
        ("WARNING: Invalid wait context", ""),
        ("[ BUG: ", " ]"),
        ("[ INFO: ", " ]"),
        ("INFO: trying to register non-static key", ""),

        // arch/x86/kernel/unwind_frame.c, unwind_orc.c, dumpstack_64.c.
        ("WARNING: kernel stack regs at ", ""),
        ("WARNING: kernel stack frame pointer at ", ""),
        ("WARNING: stack recursion on stack type ", ""),
        ("WARNING: stack going in the wrong direction?", ""),
        ("WARNING: can't access ", "registers at "),
        ("WARNING: missing ", " value at "),
        ("WARNING: unknown ", "base reg "),
        ("WARNING: unknown .orc_unwind entry type ", ""),
        ("WARNING: WARNING: ", ""),

        // lib/bug.c.
        ("kernel BUG at ", ""),

        // arch/x86/mm/fault.c, mm/kasan, mm/kfence, mm/kmsan, kernel/kcsan, mm/page_alloc.c, mm/memory.c, kernel/fork.c,
        // kernel/sched/core.c, lib/smp_processor_id.c, kernel/workqueue.c, kernel/locking/spinlock_debug.c, arch/x86/kernel/traps.c ...
        ("BUG: ", ""),

        // mm/slub.c slab_bug() and print_track().
        ("BUG ", "ainted"),
        ("INFO: Allocated in ", " age="),
        ("INFO: Freed in ", " age="),

        // kernel/trace/trace_events_user.c, kernel/watchdog.c, watchdog_perf.c, arch/powerpc/kernel/watchdog.c.
        ("user_events: BUG: ", ""),
        ("watchdog: BUG: soft lockup", ""),
        ("NMI watchdog: BUG: soft lockup", ""),
        ("watchdog: ", " hard LOCKUP"),
        ("NMI watchdog: ", " hard LOCKUP"),
        ("Watchdog detected hard LOCKUP on cpu", ""),

        // lib/ubsan.c, mm/kmemleak.c (the object where it is told to the log), kernel/smp.c, kernel/irq/spurious.c.
        ("UBSAN: ", " in "),
        ("kmemleak: ", " new suspected memory leaks"),
        ("kmemleak: unreferenced object", " 0x"),
        ("unreferenced object", " 0x"),
        ("smp: csd: Detected non-responsive CSD lock", ""),
        ("csd: Detected non-responsive CSD lock", ""),
        ("irq ", ": nobody cared"),

        // kernel/hung_task.c, fs/fs-writeback.c, kernel/rcu/tree_stall.h, tree_exp.h, tasks.h.
        ("INFO: task ", " blocked"),
        ("INFO: task ", " can't die for more than "),
        ("INFO: The task ", " has been waiting for writeback"),
        ("INFO: ", " detected stall"),
        ("INFO: ", " self-detected stall"),
        ("INFO: ", " detected expedited stall"),
        ("rcu: INFO: ", "detected stall"),
        ("rcu: INFO: ", "self-detected stall"),
        ("rcu: INFO: ", "detected expedited stall"),

        // arch/x86: traps.c, extable.c, entry_fred.c, coco/sev/vc-handle.c.
        ("PANIC: double fault", ""),
        ("traps: PANIC: double fault", ""),
        ("PANIC: early exception ", ""),
        ("PANIC: invalid or fatal FRED event", ""),
        ("PANIC: Unsupported exit-code ", ""),
        ("PANIC: Failure in communication with VMM", ""),
        ("PANIC: Failed to decode instruction", ""),
        ("unchecked MSR access error: ", ""),
        ("kernel tried to execute ", " exploit attempt?"),
        ("unable to execute userspace code (SMEP?)", ""),

        // arch/arm64: mm/fault.c, kernel/traps.c, kernel/entry-common.c; arch/arm; the others' mm/fault.c.
        ("Unable to handle kernel ", ""),
        ("CPU ", " Unable to handle kernel "),
        ("Internal error: ", ""),
        ("Unhandled fault: ", " at 0x"),
        ("Unhandled ", " exception on CPU"),
        ("Insufficient stack space to handle exception!", ""),
        ("SError Interrupt on CPU", ""),
        ("Bad mode in ", " handler detected"),

        // mm/usercopy.c, fs/super.c, fs/open.c, net/core/dev.c.
        ("Kernel memory ", " attempt detected "),
        ("usercopy: Kernel memory ", " attempt detected "),
        ("VFS: Busy inodes after unmount", ""),
        ("VFS: Close: file count is ", ""),
        ("unregister_netdevice: waiting for ", " to become free"),
    ];

    /// <summary>Says whether a text that the kernel printed begins a report.</summary>
    internal static bool Begins(ReadOnlySpan<char> text)
    {
        foreach ((string start, string then) in s_openings)
        {
            if (text.StartsWith(start, StringComparison.Ordinal)
                && text[start.Length..].Contains(then, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return IsOops(text);
    }

    /// <summary>Recognises what die() prints: <c>Oops: 0002 [#1]</c>, <c>divide error: 0000 [#1] SMP</c>,
    /// riscv's <c>Oops [#1]</c>.</summary>
    private static bool IsOops(ReadOnlySpan<char> text)
    {
        int at = text.IndexOf("[#", StringComparison.Ordinal);
        if (at < 0)
        {
            return false;
        }

        ReadOnlySpan<char> count = text[(at + 2)..];
        int digits = CountDigits(count);
        if (digits == 0 || !count[digits..].StartsWith(']'))
        {
            return false;
        }

        ReadOnlySpan<char> before = text[..at].TrimEnd();
        int colon = before.LastIndexOf(": ", StringComparison.Ordinal);
        return text.StartsWith("Oops", StringComparison.Ordinal) || (colon > 0 && IsHexadecimal(before[(colon + 2)..]));
    }

    private static int CountDigits(ReadOnlySpan<char> text)
    {
        int end = text.IndexOfAnyExceptInRange('0', '9');
        return end < 0 ? text.Length : end;
    }

    // x86 prints the error code with four digits, arm64 with sixteen, arm with as many as it takes.
    private static bool IsHexadecimal(ReadOnlySpan<char> text)
    {
        foreach (char c in text)
        {
            if (!char.IsAsciiHexDigit(c))
            {
                return false;
            }
        }

        return !text.IsEmpty;
    }
}

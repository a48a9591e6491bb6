using LuoInterop.VmTesting.Machine;
using Xunit;

namespace LuoInterop.VmTesting.Tests;

/// <summary>Holds the recognition of the kernel's reports against a line of each kind, as the kernel's sources print it.</summary>
public sealed class KernelReportTests
{
    public static TheoryData<string> Reports =>
    [
        // kernel/panic.c: 7.3, before it, and where the place is unknown.
        "[    1.204511] WARNING: kernel/liveupdate/kexec_handover.c:123 at kho_init+0x1/0x2, CPU#1: swapper/0/1",
        "WARNING: CPU: 0 PID: 1 at kernel/liveupdate/kexec_handover.c:123 kho_init+0x1/0x2",
        "[    1.204511] WARNING: at kho_init+0x1/0x2, CPU#1: swapper/0/1",

        // kernel/locking/lockdep.c.
        "[    1.204511] WARNING: possible circular locking dependency detected",
        "[    1.204511] WARNING: possible recursive locking detected",
        "[    1.204511] WARNING: possible irq lock inversion dependency detected",
        "[    1.204511] WARNING: inconsistent lock state",
        "[    1.204511] WARNING: HARDIRQ-safe -> HARDIRQ-unsafe lock order detected",
        "[    1.204511] WARNING: chain_key collision",
        "[    1.204511] WARNING: Nested lock was not taken",
        "[    1.204511] WARNING: nested lock was not taken",
        "[    1.204511] WARNING: bad unlock balance detected!",
        "[    1.204511] WARNING: bad contention detected!",
        "[    1.204511] WARNING: held lock freed!",
        "[    1.204511] WARNING: luo-guest/77 still has locks held!",
        "[    1.204511] WARNING: lock held when returning to user space!",
        "[    1.204511] WARNING: suspicious RCU usage",
        "[    1.204511] WARNING: Invalid wait context",
        "[    1.204511] [ BUG: Invalid wait context ]",
        "[    1.204511] [ INFO: suspicious RCU usage. ]",
        "[    1.204511] INFO: trying to register non-static key.",
        "[    1.204511] BUG: MAX_LOCKDEP_CHAINS too low!",
        "[    1.204511] BUG: key ffff888100000000 has not been registered!",

        // The unwinders of x86.
        "[    1.204511] WARNING: kernel stack regs at 00000000deadbeef in sh:77 has bad 'bp' value 0000000000000001",
        "[    1.204511] WARNING: kernel stack frame pointer at 00000000deadbeef in sh:77 has bad value 0000000000000001",
        "[    1.204511] WARNING: stack recursion on stack type 4",
        "[    1.204511] WARNING: stack going in the wrong direction? at do_syscall_64+0x1/0x2",
        "[    1.204511] WARNING: can't access registers at asm_exc_page_fault+0x1/0x2",
        "[    1.204511] WARNING: missing R10 value at f+0x1/0x2",
        "[    1.204511] WARNING: unknown SP base reg 3 at f+0x1/0x2",
        "[    1.204511] WARNING: unknown .orc_unwind entry type 7 at f+0x1/0x2",
        "[    1.204511] WARNING: WARNING: Corrupt .orc_unwind table.  Disabling unwinder.",

        // lib/bug.c, and what stands behind it: lib/list_debug.c, lib/refcount.c,
        // lib/debugobjects.c and lib/string_helpers.c end in WARN or BUG.
        "[    1.204511] kernel BUG at lib/list_debug.c:62!",
        "[    1.204511] kernel BUG at kho_init+0x1/0x2 [verbose debug info unavailable]",
        "[    1.204511] WARNING: lib/refcount.c:28 at refcount_warn_saturate+0x1/0x2, CPU#0: sh/77",
        "[    1.204511] WARNING: lib/debugobjects.c:612 at debug_print_object+0x1/0x2, CPU#0: sh/77",
        "[    1.204511] WARNING: lib/string_helpers.c:1035 at __fortify_report+0x1/0x2, CPU#0: sh/77",

        // arch/x86/mm/fault.c and traps.c.
        "[    1.204511] BUG: kernel NULL pointer dereference, address: 0000000000000008",
        "[    1.204511] BUG: unable to handle page fault for address: ffffc90000100000",
        "[    1.204511] kernel tried to execute NX-protected page - exploit attempt? (uid: 0)",
        "[    1.204511] unable to execute userspace code (SMEP?) (uid: 0)",
        "[    1.204511] Oops: Oops: 0002 [#1] SMP PTI",
        "[    1.204511] Oops: general protection fault, probably for non-canonical address 0xdead000000000100: 0000 [#1] SMP NOPTI",
        "[    1.204511] divide error: 0000 [#1] PREEMPT SMP KASAN",
        "[    1.204511] segment-related general protection fault: beec [#2] PREEMPT SMP",
        "[    1.204511] Bad pagetable: 000f [#1] SMP",
        "[    1.204511] BUG: TASK stack guard page was hit at ffffc90000100000 (stack is ffffc90000101000..ffffc90000105000)",
        "[    1.204511] PANIC: double fault, error_code: 0x0",
        "[    1.204511] traps: PANIC: double fault, error_code: 0x0",
        "PANIC: early exception 0x0e IP 10:ffffffff81000000 error 0 cr2 0x8",
        "[    1.204511] PANIC: invalid or fatal FRED event; event type 3 vector 14 error 0x0 aux 0x0 at 10:0",
        "[    1.204511] BUG: invalid or fatal FRED event; event type 3 vector 14 error 0x0 aux 0x0 at 10:0",
        "PANIC: Unsupported exit-code 0x72 in early #VC exception (IP: 0xffffffff81000000)",
        "PANIC: Failure in communication with VMM (exit-code 0x72 IP: 0xffffffff81000000)",
        "PANIC: Failed to decode instruction (exit-code 0x72 IP: 0xffffffff81000000)",
        "[    1.204511] unchecked MSR access error: RDMSR from 0x852 at rIP: 0xffffffff81000000 (native_read_msr+0x1/0x2)",

        // arch/arm64; arm, s390, powerpc, riscv and loongarch where they differ.
        "[    1.204511] Unable to handle kernel NULL pointer dereference at virtual address 0000000000000008",
        "[    1.204511] Internal error: Oops: 0000000096000005 [#1]  SMP",
        "[    1.204511] Internal error: synchronous external abort: 0000000096000010 [#1]  SMP",
        "[    1.204511] Internal error: Oops - BUG: 00000000f2000800 [#1]  SMP",
        "[    1.204511] Unhandled 64-bit el1h sync exception on CPU0, ESR 0x0000000096000005 -- DABT (current EL)",
        "[    1.204511] Insufficient stack space to handle exception!",
        "[    1.204511] SError Interrupt on CPU0, code 0x00000000be000000 -- SError",
        "[    1.204511] Bad mode in Error handler detected on CPU0, code 0xbf000002 -- SError",
        "[    1.204511] Unhandled fault: page domain fault (0x01b) at 0x00000e30",
        "[    1.204511] Oops: 0004 ilc:2 [#1] SMP",
        "[    1.204511] Oops: Kernel access of bad area, sig: 11 [#1]",
        "[    1.204511] Oops [#1]",
        "[    1.204511] CPU 0 Unable to handle kernel paging request at virtual address 0000000000000008, era == 0, ra == 0",

        // mm: KASAN, KFENCE, KMSAN, SLUB, page allocator, page tables, kmemleak, usercopy, mempool.
        "[    1.204511] BUG: KASAN: slab-use-after-free in f+0x1/0x2",
        "[    1.204511] BUG: KFENCE: out-of-bounds read in f+0x1/0x2",
        "[    1.204511] BUG: KMSAN: uninit-value in f+0x1/0x2",
        "[    1.204511] BUG: KCSAN: data-race in f / g",
        "[    1.204511] BUG kmalloc-8 (Not tainted): Object already free",
        "[    1.204511] BUG kmalloc-8 (Tainted: G    B         ): Redzone overwritten",
        "** 4491 printk messages dropped ** [   50.750742] INFO: Allocated in f+0x29/0x90 age=1 cpu=1 pid=6024",
        "[   50.750742] INFO: Freed in f+0x29/0x90 age=1 cpu=1 pid=6024",
        "[    1.204511] BUG: Bad page state in process sh  pfn:12345",
        "[    1.204511] BUG: Bad page map in process sh  pte:8000000012345067 pmd:12345067",
        "[    1.204511] BUG: Bad page cache in process sh  pfn:12345",
        "[    1.204511] BUG: Bad rss-counter state mm:00000000deadbeef type:MM_FILEPAGES val:1 Comm:sh Pid:77",
        "[    1.204511] BUG: non-zero pgtables_bytes on freeing mm: 4096",
        "[    1.204511] BUG: mempool element poison mismatch",
        "[    1.204511] kmemleak: 5 new suspected memory leaks (see /sys/kernel/debug/kmemleak)",
        "[    1.204511] kmemleak: unreferenced object 0xffff888100000000 (size 64):",
        "unreferenced object 0xffff888100000000 (size 64):",
        "[    1.204511] Kernel memory exposure attempt detected from SLUB object 'kmalloc-8' (offset 0, size 9)!",
        "[    1.204511] usercopy: Kernel memory overwrite attempt detected to spans multiple pages (offset 0, size 9)!",

        // kernel/sched/core.c, lib/smp_processor_id.c, kernel/locking/spinlock_debug.c, kernel/workqueue.c, kernel/trace.
        "[    1.204511] BUG: scheduling while atomic: sh/77/0x00000002",
        "[    1.204511] BUG: sleeping function called from invalid context at mm/memfd_luo.c:1",
        "[    1.204511] BUG: using smp_processor_id() in preemptible [00000000] code: sh/77",
        "[    1.204511] BUG: spinlock bad magic on CPU#0, sh/77",
        "[    1.204511] BUG: rwlock recursion on CPU#0, sh/77, 00000000deadbeef",
        "[    1.204511] BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck for 33s!",
        "[    1.204511] BUG: workqueue leaked atomic, lock or RCU: kworker/0:1[12]",
        "[    1.204511] user_events: BUG: Auto-delete engaged on persistent event",

        // kernel/watchdog.c, watchdog_perf.c, hung_task.c, rcu, smp.c, irq/spurious.c, fs/fs-writeback.c.
        "[    1.204511] watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [sh:77]",
        "[    1.204511] NMI watchdog: BUG: soft lockup - CPU#1 stuck for 11s! [sh:77]",
        "[    1.204511] watchdog: CPU0: Watchdog detected hard LOCKUP on cpu 1",
        "[    1.204511] NMI watchdog: Watchdog detected hard LOCKUP on cpu 1",
        "Watchdog detected hard LOCKUP on cpu 1",
        "[    1.204511] INFO: task sh:77 blocked for more than 120 seconds.",
        "[    1.204511] INFO: task sh:77 blocked in I/O wait for more than 120 seconds.",
        "[    1.204511] INFO: task sh:77 can't die for more than 143 seconds.",
        "[    1.204511] INFO: The task kworker/u8:1:77 has been waiting for writeback completion for more than 120 seconds.",
        "[   12.0] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
        "[   12.0] rcu: INFO: rcu_preempt self-detected stall on CPU",
        "[   12.0] rcu: INFO: rcu_preempt detected expedited stalls on CPUs/tasks: { 0-.... } 21 jiffies s: 1 root: 0x1/.",
        "[   12.0] rcu: INFO: rcu_preempt detected stall, but suppressed full report due to a stuck CSD-lock.",
        "[   12.0] INFO: rcu_tasks detected stalls on tasks:",
        "[   12.0] INFO: rcu_sched self-detected stall on CPU",
        "[   12.0] INFO: rcu_sched detected expedited stalls on CPUs/tasks: { 1 }",
        "[   12.0] smp: csd: Detected non-responsive CSD lock (#1) on CPU#0, waiting 5000000000 ns for CPU#01 f+0x0/0x1(0x0).",
        "[   12.0] csd: Detected non-responsive CSD lock (#1) on CPU#0, waiting 5000000000 ns for CPU#01 f+0x0/0x1(0x0).",
        "[   12.0] irq 9: nobody cared (try booting with the \"irqpoll\" option)",

        // lib/ubsan.c, fs, net.
        "[    4.556972] UBSAN: array-index-out-of-bounds in mm/memfd_luo.c:1:2",
        "[    4.556972] UBSAN: Undefined behaviour in drivers/usb/core/devio.c:1517:25",
        "[    4.556972] VFS: Busy inodes after unmount of tmpfs (tmpfs)",
        "[    4.556972] VFS: Close: file count is 0",
        "[    4.556972] unregister_netdevice: waiting for lo to become free. Usage count = 5",

        // The console's own additions: a level, the caller, an unfinished line of a program before it, colours.
        "<4>[   85.501187] WARNING: suspicious RCU usage",
        "[   85.501187][    T1] BUG: KASAN: slab-out-of-bounds in f+0x1/0x2",
        "[   85.501187][   C12]  BUG: KASAN: slab-out-of-bounds in f+0x1/0x2",
        "login: [   35.184476] BUG: using __this_cpu_read() in preemptible [00000000] code: sh/77",
        "\u001b[0;32m  OK  \u001b[0m] Reached[   76.471107] BUG: unable to handle page fault for address: ffffc90000100000",
        "[   76.470085] sh: vmalloc: allocation failure: 34359738352 bytes[   76.471107] kernel BUG at mm/vmalloc.c:1!",
        "[[[ 1.2 [ [   76.471107] kernel BUG at mm/vmalloc.c:1!",
    ];

    public static TheoryData<string> LookAlikes =>
    [
        "",
        "[no end",
        "[    1.204511]",
        "[    1.204511][ T12]",

        // Programs and drivers that use the word.
        "[   72.159680] WARNING: /etc/ssh/moduli does not exist, using fixed modulus",
        "[   49.679506][ T8428] WARNING: the mand mount option is being deprecated and",
        "[   45.025191][ T3610] WARNING: fbcon: Driver 'vkmsdrmfb' missed to adjust virtual screen size (0x0 vs. 128x16)",
        "WARNING: unknown option",
        "[    1.230552] Spectre V2 : WARNING: Unprivileged eBPF is enabled with eIBRS on, data leaks possible via Spectre v2 BHB attacks!",
        "[    1.230552] RETBleed: WARNING: Spectre v2 mitigation leaves CPU vulnerable to RETBleed attacks, data leaks possible!",
        "[    1.230552] WARNING: Flushing system-wide workqueues will be prohibited in near future.",
        "warning: CPU: 0 PID: 1",
        "a program says BUG: nothing",
        "DEBUG: BUGS (Not tainted)",
        "BUGS: 0",
        "BUG report at https://example.org",
        "Oops, I did it again",
        "Internal errors: 0",
        "UBSAN: enabled",
        "PANIC: at the disco",

        // The kernel's, but no report about itself.
        "[901320.960000] INFO: lockdep is turned off.",
        "[   72.159680] INFO: Stall ended before state dump start",
        "[   95.445015] INFO: NMI handler (perf_event_nmi_handler) took too long to run: 1.356 msecs",
        "[  600.041156] EXT4-fs (loop1): INFO: recovery required on readonly filesystem",
        "[  404.700173] ODEBUG: Out of memory. ODEBUG disabled",
        "[   36.852785][ T3615] traps: sh[3615] general protection fault ip:7feb96eb56a1 sp:20000fd0 error:0 in sh[7feb96e75000+84000]",
        "[  147.467058] sh[10579]: segfault at 4cb420 ip 00000000004cb420 sp 00007f27fd37a250 error 15 in sh[4c9000+3000]",
        "[   12.0] rcu: rcu_preempt kthread starved for 21 jiffies! g1 f0x0 RCU_GP_WAIT_FQS(5) ->state=0x0 ->cpu=0",
        "[   12.0] watchdog: Delayed init of the lockup detector failed: -19",
        "[   12.0] NMI watchdog: Enabled. Permanently consumes one hw-PMU counter.",
        "[   12.0] kmemleak: Kernel memory leak detector initialized (mem pool available: 15769)",
        "[   12.0] ---[ end trace 0000000000000000 ]---",
        "[   12.0] Kernel command line: oops=panic panic_on_warn=1",
        "[   12.0] Tainted: [W]=WARN",
        "[   12.0] devices: [#1] is new",
        "[   12.0] disk: cafe [#none]",
        "[   12.0] irq 9: handler installed",
        "[   12.0] VFS: Mounted root (9p filesystem) readonly on device 0:17.",
    ];

    [Theory]
    [MemberData(nameof(Reports))]
    public void Report_IsRecognised(string line) => Assert.True(ConsoleLine.IsWarning(line));

    [Theory]
    [MemberData(nameof(LookAlikes))]
    public void LookAlike_IsNoReport(string line) => Assert.False(ConsoleLine.IsWarning(line));

    /// <summary>A kind without a line that shows it would be a guess.</summary>
    [Fact]
    public void EveryKind_HasALine()
    {
        string[] lines = [.. ((IEnumerable<object[]>)Reports).Select(row => (string)row[0])];
        foreach ((string start, string then) in KernelReport.Openings)
        {
            Assert.Contains(lines, line => line.IndexOf(start, StringComparison.Ordinal) is >= 0 and var at
                && line.IndexOf(then, at + start.Length, StringComparison.Ordinal) >= 0);
        }
    }

    /// <summary>The bytes are the guest's: no part of the longest line is looked at twice for a stamp.</summary>
    [Theory]
    [InlineData("[")]
    [InlineData("[ ")]
    [InlineData("[1.1]")]
    [InlineData("[1.1][T")]
    [InlineData("[1.1]WARNING: ")]
    [InlineData("WARNING: ")]
    [InlineData("INFO: ")]
    [InlineData("[#")]
    [InlineData(": 0000 [#")]
    public void LongestLine_OfBrokenStampsAndBegins_IsJudged(string part)
    {
        string line = string.Concat(Enumerable.Repeat(part, TextLog.MaxLine / part.Length));
        Assert.Equal(part == "WARNING: ", ConsoleLine.IsWarning(line));
        Assert.True(ConsoleLine.IsWarning(line + "[ 1.2] kernel BUG at mm/vmalloc.c:1!"));
    }

    [Fact]
    public void MachineThatIsLostWithoutAPanic_NamesTheFirstReport()
    {
        RunRecord record = new(new VmOptions { Kernel = null!, Command = ["true"] });
        record.SeeConsole("[ 1.0] PANIC: double fault, error_code: 0x0\n[ 1.1] BUG: KASAN: invalid-access\n"u8.ToArray());

        VmLossCause? cause = VmLossCause.Judge(record, null, new ProcessEnd(ProcessEndKind.Exited, 0));

        Assert.Equal(VmLostReason.QemuExited, cause?.Reason);
        Assert.EndsWith(
            "The first report of a kernel was: [ 1.0] PANIC: double fault, error_code: 0x0",
            cause!.Value.Message,
            StringComparison.Ordinal);
    }
}

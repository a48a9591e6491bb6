using LuoInterop.Emulation.Previews.HugeTlb;
using LuoInterop.Kvm;
using LuoInterop.Litmus;
using Xunit.Abstractions;

namespace LuoInterop.Tests.Calls;

/// <summary>Holds in the code that was built where results of system calls are dropped, and which calls a signal may interrupt.</summary>
public sealed class SystemCallTests(ITestOutputHelper output)
{
    private const string Freed = "close(2) frees the descriptor whatever it answers, and must not be made again (fs/open.c).";

    private const string Lease =
        "Giving a lease back is EAGAIN where the kernel took it away meanwhile (generic_delete_lease in fs/locks.c): it is gone then too.";

    /// <summary>Where a result is dropped on purpose, and why. Others are looked at, or the program does not know what happened.</summary>
    private static readonly Dictionary<string, string> s_dropped = new()
    {
        ["close"] = Freed,
        ["Close"] = Freed,
        ["Reboot"] = "A reboot that the kernel obeys does not return; the emulated kernel throws.",
        ["MachineFolder.FollowAsync -> kill"] = "A front that has ended meanwhile (ESRCH) needs no signal.",
        ["ReceivedDescriptor..ctor -> ReadLink"] = "Without /proc there is no text, and the descriptor is of no known kind.",
        ["RetrievedMemfd.AddSeals -> fcntl"] = "What came of F_ADD_SEALS is read at once, by F_GET_SEALS.",
        ["RetrievedHugeMemfd.Publish -> fcntl"] = "What came of F_ADD_SEALS is read at once, by F_GET_SEALS.",
        ["HostLease.Ask -> fcntl"] = Lease,
        ["Terminal.Set -> tcsetattr"] = "A terminal that has gone needs no settings; one that is there takes them.",
        ["DeathTests.PowerCut_LosesAllMemory_AndRunStartsInAColdKernel -> ReadLink"] = "The power is cut at this call: it throws.",
        ["DescriptorLimit.Raise -> prlimit"] = "A refusal (EPERM) leaves the limit as it is, and Current says so.",
        ["LastPage.Unmap -> munmap"] = "A new mapping of one page, whole: there is nothing to refuse.",
        ["MachineFolder.Execute -> execve"] = "It returns with an error alone, which is told.",
        ["MachineServer.RunAsync -> setsid"] = "The leader of a group (EPERM) has a session of its own, or a shell that manages it.",
        ["CallListener..ctor -> ioctl"] = "A kernel before 6.6 does not know the flag (EINVAL), and is slower.",
        ["CallListener.Send -> ioctl"] = "Whoever waits for the answer may be gone (ENOENT).",
        ["CallListener.Stop -> write"] = "An eventfd takes a number unless it is full, and then it is told already.",
        ["RemoteProcess.Kill -> kill"] = "The process may have ended by itself (ESRCH).",
        ["ArgumentTests.AskTheKernel -> munmap"] = "The test's own mapping, of which nothing follows.",
        ["ArgumentTests.Ask -> mprotect"] = "What the memory then takes is asserted.",
        ["SystemCallCycle.Managed -> getppid"] = "getppid(2) has no error; the cycle measures the call.",
        ["AsNobody.Run -> setfsuid"] = "setfsuid(2) tells the user before, and no error.",
        ["AllocationTests.SeamOfLinux_Refusal_AllocatesNothing -> Ioctl"] = "The call is refused on purpose; what it allocates "
            + "is asserted.",
        ["AllocationTests.SeamOfLinux_Refusal_AllocatesNothing -> FStat"] = "The call is refused on purpose; what it allocates "
            + "is asserted.",
    };

    private static readonly HashSet<string> s_kernelCalls =
        [.. typeof(Kernel)
            .GetMethods()
            .Where(static method => method.IsAbstract && method.ReturnType != typeof(void))
            .Select(static method => method.Name)];

    private static readonly HashSet<string> s_interruptible =
        ["Open", "Read", "Write", "PRead", "PWrite", "FTruncate", "FAllocate", "FStat", "KexecFileLoad"];

    // The seam's own classes; punching a hole looks at no signal (shmem_fallocate, hugetlbfs_punch_hole, kvm_gmem_punch_hole).
    private static readonly string[] s_mayBeInterrupted =
        ["Uninterrupted.", "ForwardingKernel.", "LinuxKernel.", "Memfd.PunchHole", "GuestMemfd.PunchHole"];

    [Fact]
    public void ResultOfASystemCall_IsDropped_ForAReasonOnly()
    {
        HashSet<string> used = [];
        List<string> wrong = [];
        string[] files = [.. BuiltAssemblies.Files];
        foreach (CallSite call in files.SelectMany(CallSite.In)
            .Where(static call => call.IsDropped && (call.IsForeign || IsOfTheSeam(call))))
        {
            string site = $"{call.Caller} -> {call.Method}";
            string? reason = s_dropped.ContainsKey(site) ? site : s_dropped.ContainsKey(call.Method) ? call.Method : null;
            output.WriteLine($"{call.Assembly}: {site}: {(reason is null ? "NO REASON" : s_dropped[reason])}");
            if (reason is null)
            {
                wrong.Add($"{call.Assembly}: {site}");
            }
            else
            {
                used.Add(reason);
            }
        }

        output.WriteLine($"{files.Length} assemblies read");
        Assert.Contains(files, static file => Path.GetFileName(file) == "LuoInterop.dll");
        Assert.Contains(files, static file => Path.GetFileName(file) == "LuoInterop.Emulation.dll");
        Assert.True(wrong.Count == 0, "The result is dropped, and no reason is given here:\n" + string.Join('\n', wrong));

        // An entry that nothing needs any more is wrong too; of projects that are not built nothing is known.
        HashSet<string> callers = [.. files.SelectMany(CallSite.In).Select(static call => call.Caller)];
        string[] stale = [.. s_dropped.Keys.Where(key => !used.Contains(key) && callers.Contains(key.Split(' ')[0]))];
        Assert.Empty(stale);
    }

    [Fact]
    public void CallThatASignalInterrupts_IsMadeInOnePlace()
    {
        List<CallSite> calls = CallSite.In(typeof(Kernel).Assembly.Location);
        string[] elsewhere =
        [
            .. calls
                .Where(static call => call.Target == nameof(Kernel) && s_interruptible.Contains(call.Method))
                .Select(static call => $"{call.Caller} -> {call.Method}")
                .Where(static site => !s_mayBeInterrupted.Any(prefix => site.StartsWith(prefix, StringComparison.Ordinal))),
        ];
        Assert.Empty(elsewhere);
        Assert.Equal(
            s_interruptible.Order(),
            calls.Where(static call => call.Caller.StartsWith("Uninterrupted.", StringComparison.Ordinal)
                && s_interruptible.Contains(call.Method)
                && call.Target == nameof(Kernel)).Select(static call => call.Method).Distinct().Order());
    }

    private static bool IsOfTheSeam(CallSite call) =>
        s_kernelCalls.Contains(call.Method) && call.Target.Split('/')[^1].EndsWith("Kernel", StringComparison.Ordinal);
}

using System.Globalization;
using LuoInterop.Interop;
using LuoInterop.Shared.Interop;
using Tmds.Linux;

namespace LuoInterop.Systemd.Store;

/// <summary>Holds what systemd says to a service in its environment: systemd.exec(5), sd_listen_fds(3), sd_notify(3).</summary>
internal sealed record ServiceEnvironment
{
    /// <summary>The first passed descriptor (SD_LISTEN_FDS_START).</summary>
    public const int ListenFdsStart = 3;

    /// <summary>More descriptors than any service is passed: the kernel's own limit of one message times the store's are below
    /// it.</summary>
    private const int MostDescriptors = 1 << 20;

    public string? NotifySocket { get; init; }

    public string? FdStore { get; init; }

    public string? ExecPid { get; init; }

    public string? ListenPid { get; init; }

    public string? ListenPidFdId { get; init; }

    public string? ListenFds { get; init; }

    public string? ListenFdNames { get; init; }

    public int FirstDescriptor { get; init; } = ListenFdsStart;

    public int ProcessId { get; init; } = Environment.ProcessId;

    /// <summary>Reads the environment of this process.</summary>
    public static ServiceEnvironment OfThisProcess() => new()
    {
        NotifySocket = Environment.GetEnvironmentVariable("NOTIFY_SOCKET"),
        FdStore = Environment.GetEnvironmentVariable("FDSTORE"),
        ExecPid = Environment.GetEnvironmentVariable("SYSTEMD_EXEC_PID"),
        ListenPid = Environment.GetEnvironmentVariable("LISTEN_PID"),
        ListenPidFdId = Environment.GetEnvironmentVariable("LISTEN_PIDFDID"),
        ListenFds = Environment.GetEnvironmentVariable("LISTEN_FDS"),
        ListenFdNames = Environment.GetEnvironmentVariable("LISTEN_FDNAMES"),
    };

    /// <summary>Removes what says which descriptors were passed, so that no child takes its own for them.</summary>
    public static void ForgetDescriptors()
    {
        foreach (string name in (string[])["LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDS", "LISTEN_FDNAMES"])
        {
            Environment.SetEnvironmentVariable(name, null);
        }
    }

    /// <summary>Reads the store's capacity, the number of descriptors.</summary>
    /// <returns>Null where there is no store.</returns>
    public int? Capacity() => string.IsNullOrEmpty(FdStore) ? null
        : Number(FdStore, "FDSTORE", int.MaxValue) is > 0 and var number ? number
        : null;

    /// <summary>Gives the process that systemd started in place of this one, such as a shell; null where it started this one, or does
    /// not say (before systemd 248).</summary>
    /// <remarks>A launcher that passes descriptors on says so in LISTEN_PID, as systemd does.</remarks>
    /// <exception cref="FileDescriptorStoreException">The environment is malformed.</exception>
    public int? OtherMainProcess() => string.IsNullOrEmpty(ExecPid) ? null
        : Number(ExecPid, "SYSTEMD_EXEC_PID", int.MaxValue) is var started && started == ProcessId ? null
        : !string.IsNullOrEmpty(ListenPid) && Number(ListenPid, "LISTEN_PID", int.MaxValue) == ProcessId ? null
        : started;

    /// <summary>Takes over the descriptors that systemd passed to this process. Where anything is wrong, none is touched.</summary>
    /// <exception cref="FileDescriptorStoreException">The environment is malformed.</exception>
    public ReceivedDescriptors Receive(Kernel kernel)
    {
        string[] names = Names(kernel);
        var open = new KernelHandle[names.Length];
        for (int i = 0; i < names.Length; i++)
        {
            // Owned only when all are known to be there: a wrong number must not close the descriptor of somebody else.
            using var borrowed = new Microsoft.Win32.SafeHandles.SafeFileHandle(FirstDescriptor + i, ownsHandle: false);
            if (kernel.Fcntl(borrowed, LibC.F_GETFD) < 0)
            {
                throw Malformed($"LISTEN_FDS says {names.Length} descriptors, and number {FirstDescriptor + i} is not open. "
                    + "Another part of the program took or closed it: open the store before, as the first thing that Main does");
            }
        }

        for (int i = 0; i < names.Length; i++)
        {
            open[i] = new KernelHandle(kernel, FirstDescriptor + i);
            int result = kernel.Fcntl(open[i], LibC.F_SETFD, LibC.FD_CLOEXEC);
            KernelException.Check(result, "F_SETFD");
        }

        return new ReceivedDescriptors(names.Select((name, i) => new ReceivedDescriptor(DescriptorName.Parse(name), open[i])));
    }

    /// <summary>Reads how many descriptors were passed to this process, and their names.</summary>
    private string[] Names(Kernel kernel)
    {
        if (string.IsNullOrEmpty(ListenPid) || string.IsNullOrEmpty(ListenFds))
        {
            return [];
        }

        if (Number(ListenPid, "LISTEN_PID", int.MaxValue) != ProcessId || !IsPidFdIdOurs(kernel))
        {
            // Meant for the process that started this one.
            return [];
        }

        int count = Number(ListenFds, "LISTEN_FDS", MostDescriptors);
        if (ListenFdNames is null)
        {
            return [.. Enumerable.Repeat("unknown", count)];
        }

        string[] names = count == 0 && ListenFdNames.Length == 0 ? [] : ListenFdNames.Split(':');
        if (names.Length != count)
        {
            throw Malformed($"LISTEN_FDS says {count} descriptors, and LISTEN_FDNAMES has {names.Length} names");
        }

        return Array.Find(names, static name => !DescriptorName.IsValidStored(name)) is { } wrong
            ? throw Malformed($"LISTEN_FDNAMES has the name \"{wrong}\", which systemd does not write")
            : names;
    }

    /// <summary>Says whether the descriptors are for this very process, and not for an earlier one of the same number.</summary>
    private bool IsPidFdIdOurs(Kernel kernel)
    {
        // With PrivatePIDs=yes systemd 262 writes the number of the process before, which made the namespace. Nobody has been process 1
        // of a namespace before this one.
        if (string.IsNullOrEmpty(ListenPidFdId) || ProcessId == 1)
        {
            return true;
        }

        if (!ulong.TryParse(ListenPidFdId, NumberStyles.None, CultureInfo.InvariantCulture, out ulong told))
        {
            throw Malformed($"LISTEN_PIDFDID is \"{ListenPidFdId}\", which is no number");
        }

        // A kernel that cannot tell (before 6.9) leaves it at the process number.
        return PidFdIdOfThisProcess(kernel) is not { } id || id == told;
    }

    /// <summary>Reads the number that tells this process from all others since the machine started.</summary>
    internal static ulong? PidFdIdOfThisProcess(Kernel kernel)
    {
        using var self = new KernelHandle(kernel);

        // SAFETY: pidfd_open(2) takes two numbers.
        nint opened = SystemCall.Result((long)LibC.syscall(PidfdHeader.NR_pidfd_open, Environment.ProcessId, 0));
        int result = self.Take((int)opened);
        return result >= 0
            && Uninterrupted.FStat(kernel, self, out FileStatus status) >= 0
            && status.FileSystemType == PidfdHeader.PID_FS_MAGIC
            ? status.Inode
            : null;
    }

    private static int Number(string text, string variable, int most) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number <= most
            ? number
            : throw Malformed($"{variable} is \"{text}\", which is no number of 0 to {most}");

    private static FileDescriptorStoreException Malformed(string what) => new(
        StoreRefusal.MalformedEnvironment, $"What systemd passes to the service is malformed: {what}. No descriptor was taken.");
}

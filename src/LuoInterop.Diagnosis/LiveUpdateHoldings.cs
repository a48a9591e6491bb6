using LuoInterop.Diagnosis.Machine;

namespace LuoInterop.Diagnosis;

/// <summary>Is a session that a process has open.</summary>
/// <param name="Name">The session's name, as its link's text has it.</param>
/// <param name="Process">Who has it open.</param>
/// <param name="Descriptor">The descriptor's number there.</param>
public sealed record HeldSession(string Name, HoldingProcess Process, int Descriptor);

/// <summary>Tells what a process has open of memory without a name, which alone can be preserved.</summary>
/// <param name="Process">The process.</param>
/// <param name="Files">The number of such files, each counted once.</param>
/// <param name="Bytes">Their sizes together, in bytes; null where they cannot be seen.</param>
/// <param name="Refused">How many of them the kernel would not preserve, or not give back as they are.</param>
public sealed record HeldMemory(HoldingProcess Process, int Files, long? Bytes, int Refused);

/// <summary>Says who has the live update device and sessions open on a machine.</summary>
/// <remarks>The kernel does not show which files a session preserves, nor whether it is an outgoing or an incoming one. Changes nothing.
/// Immutable, and safe to share between threads.</remarks>
public sealed class LiveUpdateHoldings
{
    private LiveUpdateHoldings(bool hasDevice, ProcessFiles files, IReadOnlyList<HeldMemory> memory)
    {
        HasDevice = hasDevice;
        Device = [.. files.Device.Select(static file => file.Process).Distinct()];
        Sessions = [.. files.Sessions.Select(
            static file => new HeldSession(ProcessFiles.SessionName(file), file.Process, file.Descriptor))];
        Memory = memory;
        Unreadable = files.Unreadable;
    }

    /// <summary>Gets whether there is a device.</summary>
    public bool HasDevice { get; }

    /// <summary>Gets who has the device open.</summary>
    public IReadOnlyList<HoldingProcess> Device { get; }

    /// <summary>Gets the sessions that are open, one for each descriptor, by process.</summary>
    public IReadOnlyList<HeldSession> Sessions { get; }

    /// <summary>Gets the memory of those who have a session open.</summary>
    public IReadOnlyList<HeldMemory> Memory { get; }

    /// <summary>Gets how many processes do not show to this user what they have open.</summary>
    public int Unreadable { get; }

    /// <summary>Looks through all processes.</summary>
    /// <param name="root">The folder that holds the machine's files; <c>/</c> for this machine.</param>
    /// <exception cref="IOException">There is no such folder, or it shows no processes.</exception>
    public static LiveUpdateHoldings Read(string root = "/")
    {
        ArgumentException.ThrowIfNullOrEmpty(root);
        if (!Directory.Exists(root))
        {
            throw new DirectoryNotFoundException($"{root} is no folder");
        }

        var files = new MachineFiles(Kernel.Linux, root);
        var processes = ProcessFiles.Read(files, new Accounts(files));
        return processes.IsKnown
            ? new LiveUpdateHoldings(files.Exists(ProcessFiles.DevicePath), processes, ReadMemory(files, processes))
            : throw new IOException($"{files.Path("/proc")} shows no processes");
    }

    private static List<HeldMemory> ReadMemory(MachineFiles files, ProcessFiles processes) =>
    [
        .. from holder in processes.Sessions.Select(static session => session.Process).Distinct()
        let memory = MemoryFile.Read(files, [.. processes.Memory.Where(file => file.Process == holder)])
        where memory.Count > 0
        select new HeldMemory(
            holder,
            memory.Count,
            memory.Any(static file => file.Size is null) ? null : memory.Sum(static file => file.Size),
            memory.Count(static file => file.Preservability is { IsAccepted: false })),
    ];
}

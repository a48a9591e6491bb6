namespace MiniVmm.Control;

/// <summary>Is a line that a VM is sent.</summary>
internal sealed record ControlRequest
{
    /// <summary>Gets what to do: a word of <see cref="ControlWord"/>.</summary>
    public required string Request { get; init; }

    /// <summary>Gets the next kernel's image, for <see cref="ControlWord.Load"/>; null for the one that is loaded.</summary>
    public string? Image { get; init; }

    /// <summary>Gets its initial RAM disks.</summary>
    public string[]? Initrds { get; init; }

    /// <summary>Gets its command line; null for that of the kernel that runs.</summary>
    public string? CommandLine { get; init; }

    /// <summary>Gets the program to start, for <see cref="ControlWord.Handoff"/>, with its first arguments; null for this one.</summary>
    public string[]? Program { get; init; }

    /// <summary>Gets the names of all VMs of the update, for the one that carries the list; else null.</summary>
    public string[]? Roster { get; init; }
}

/// <summary>Holds the words of requests.</summary>
internal static class ControlWord
{
    /// <summary>Answers with the VM's status.</summary>
    public const string Status = "status";

    /// <summary>Stops the vCPUs.</summary>
    public const string Pause = "pause";

    /// <summary>Lets them run on.</summary>
    public const string Resume = "resume";

    /// <summary>Ends the guest.</summary>
    public const string Stop = "stop";

    /// <summary>Begins an update: preserves the RAM while the guest runs. The update ends with the connection.</summary>
    public const string Prepare = "prepare";

    /// <summary>Loads the next kernel.</summary>
    public const string Load = "load";

    /// <summary>Stops the guest and preserves its state.</summary>
    public const string StopForUpdate = "stop-for-update";

    /// <summary>Starts the next kernel; answered only where that is refused.</summary>
    public const string Jump = "jump";

    /// <summary>Ends the update: the guest runs on.</summary>
    public const string GiveUp = "give-up";

    /// <summary>Makes the connection the guest's console.</summary>
    public const string Console = "console";

    /// <summary>Moves the guest into another process.</summary>
    public const string Handoff = "handoff";

    /// <summary>Tries again to resume a guest that the kernel before has handed over.</summary>
    public const string Retry = "retry";
}

namespace LuoInterop.VmBenchmarks;

/// <summary>Names the phases of a live update in their order.</summary>
public enum Phase
{
    /// <summary>CREATE_SESSION of all sessions.</summary>
    Create,

    /// <summary>PRESERVE_FD of all files.</summary>
    Preserve,

    /// <summary>kexec_file_load(2), which can be done long before.</summary>
    Load,

    /// <summary>From reboot(2) until the kernel's last words: sessions are frozen and serialised, devices shut down.</summary>
    Freeze,

    /// <summary>From the last words until the next kernel's clock starts: checksums of its image, unpacking, early memory setup.</summary>
    Jump,

    /// <summary>From the next kernel's clock until its init runs.</summary>
    Boot,

    /// <summary>From init until the first statement of the program.</summary>
    Start,

    /// <summary>The first open of the device, which reads the sessions that were handed over.</summary>
    Open,

    /// <summary>RETRIEVE_SESSION of all sessions.</summary>
    RetrieveSessions,

    /// <summary>RETRIEVE_FD of all files.</summary>
    Retrieve,

    /// <summary>FINISH of all sessions.</summary>
    Finish,

    /// <summary>The first look at every page, through a new mapping.</summary>
    Touch,
}

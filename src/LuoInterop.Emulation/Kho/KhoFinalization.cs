namespace LuoInterop.Emulation.Kho;

/// <summary>Names who writes the map of preserved memory, which is what debugfs's file <c>out/finalize</c> is for.</summary>
internal enum KhoFinalization
{
    /// <summary>Nobody: the map is always right, and there is no file (since Linux 7.1).</summary>
    None,

    /// <summary>The file's writer; an image that is loaded before hands nothing over (to Linux 6.18).</summary>
    ByHand,

    /// <summary>The file's writer, as often as it likes, and LUO at reboot(KEXEC) (Linux 6.19 and 7.0).</summary>
    AtReboot,
}

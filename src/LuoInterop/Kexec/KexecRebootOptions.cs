namespace LuoInterop;

/// <summary>Says what <see cref="KexecImage.Reboot(KexecRebootOptions)"/> may let pass.</summary>
[Flags]
public enum KexecRebootOptions
{
    /// <summary>Refuses a jump that could lose preserved files.</summary>
    None = 0,
    /// <summary>Jumps although another program loaded or unloaded an image since: what it loaded may carry nothing.</summary>
    ReplacedImage = 1,
    /// <summary>Jumps although another process holds the device, or this one may not open it: what others do there may panic the
    /// next kernel (Linux 7.2, 7.3).</summary>
    DeviceHeldElsewhere = 2,
    /// <summary>Jumps into an image that another program loaded (<see cref="KexecImage.TakeLoaded"/>): the caller knows that it
    /// was loaded by kexec_file_load(2).</summary>
    LoadedElsewhere = 4,
}

using LuoInterop.Diagnosis.Machine;

namespace LuoInterop.Diagnosis.Checks;

/// <summary>Everything goes through the device.</summary>
internal static class DeviceCheck
{
    public static Finding Look(DiagnosedMachine machine) => machine.Files.Exists(ProcessFiles.DevicePath)
        ? Finding.Ok("It is there. It was not opened: the first open of a boot takes up what was handed over.")
        : Finding.Fail(
            "It does not exist.",
            "It needs Linux 6.19 or later with CONFIG_LIVEUPDATE, booted with kho=on liveupdate=on, and devtmpfs on /dev.");
}

using System.Text.Json.Nodes;
using LuoInterop.Cli.Output;
using Mono.Unix.Native;

namespace LuoInterop.Cli.Status;

/// <summary>Is what can be said of live update on a machine.</summary>
/// <param name="Release">The kernel's release, <c>uname -r</c>.</param>
/// <param name="Machine">The processor's architecture, <c>uname -m</c>.</param>
/// <param name="Switches">The words of the kernel's command line that switch live update.</param>
/// <param name="Device">The device, or null.</param>
/// <param name="ImageLoaded">Whether a kernel is loaded for kexec; null where the kernel does not tell.</param>
/// <param name="Availability">Whether the device can be opened, and if not, why.</param>
/// <param name="Holders">Who has the device open, where it is busy and that can be known.</param>
internal sealed record StatusReport(
    string Release,
    string Machine,
    IReadOnlyList<string> Switches,
    DeviceNode? Device,
    bool? ImageLoaded,
    LiveUpdateAvailability Availability,
    string? Holders)
{
    private static readonly string[] s_switches = ["kho", "liveupdate"];

    /// <summary>Looks at the kernel that runs. Has the device open for no longer than it takes to see that it can be.</summary>
    public static StatusReport Read()
    {
        Kernel kernel = Kernel.Linux;
        if (Syscall.uname(out Utsname system) != 0)
        {
            throw new IOException($"uname was refused with {Stdlib.GetLastError()}.");
        }

        if (LiveUpdateDevice.TryOpen(kernel, out LiveUpdateDevice? device, out LiveUpdateAvailability availability))
        {
            device.Dispose();
        }

        return new StatusReport(
            system.release,
            system.machine,
            SwitchesOf(kernel.CommandLine),
            DeviceNode.Read(LiveUpdateDevice.DefaultPath),
            KexecImage.IsLoaded(kernel),
            availability,
            availability.Reason == LiveUpdateUnavailableReason.Busy ? kernel.DescribeHolders(LiveUpdateDevice.DefaultPath) : null);
    }

    /// <summary>Finds the words of a command line that switch live update, in their order.</summary>
    public static IReadOnlyList<string> SwitchesOf(string commandLine) =>
        [.. commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(static word => s_switches.Contains(word.Split('=')[0]))];

    /// <summary>Prints the report for people.</summary>
    public void WriteText(TextOutput output)
    {
        output.Field("kernel", $"{Release} {Machine}");
        output.Field("command line", Switches.Count > 0 ? string.Join(' ', Switches) : "says neither kho= nor liveupdate=");
        output.Field("device", Device is null
            ? "none"
            : $"{Device.Path} {Device.Owner}:{Device.Group} {Device.ModeText}, this user {(Device.MayOpen ? "may" : "may not")} open it");
        output.Field("next kernel", ImageLoaded switch { true => "loaded", false => "not loaded", null => "unknown" });
        output.Field(
            "live update",
            (Availability.IsAvailable ? "usable" : $"not usable: {Availability}") + (Holders is null ? "" : $" It is held by {Holders}."),
            Availability.IsAvailable ? Tone.Good : Tone.Bad);
    }

    /// <summary>Makes the report's JSON document.</summary>
    public JsonObject ToJson() => new()
    {
        ["release"] = Release,
        ["machine"] = Machine,
        ["switches"] = new JsonArray([.. Switches.Select(static word => (JsonNode)word)]),
        ["device"] = Device is null ? null : new JsonObject
        {
            ["path"] = Device.Path,
            ["owner"] = Device.Owner,
            ["group"] = Device.Group,
            ["mode"] = Device.ModeText,
            ["mayOpen"] = Device.MayOpen,
        },
        ["nextKernelLoaded"] = ImageLoaded,
        ["usable"] = Availability.IsAvailable,
        ["reason"] = Availability.Reason.ToString(),
        ["errno"] = Availability.Errno.ToString(),
        ["message"] = Availability.Message,
        ["advice"] = Availability.Advice,
        ["holders"] = Holders,
    };
}

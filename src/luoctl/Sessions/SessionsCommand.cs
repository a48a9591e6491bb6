using System.CommandLine;
using System.Text.Json.Nodes;
using LuoInterop.Cli.Output;
using LuoInterop.Diagnosis;

namespace LuoInterop.Cli.Sessions;

/// <summary>Is <c>luoctl sessions</c>: says who holds the device and sessions.</summary>
internal static class SessionsCommand
{
    public static Command Create()
    {
        Option<string> root = CommandTree.Root();
        Option<bool> json = CommandTree.Json();
        var command = new Command(
            "sessions", "Says who has the live update device and sessions open, under which names, and what memory they hold.")
        {
            root, json,
        };
        command.SetAction(arguments => CommandRun.Run(arguments.GetValue(json), output =>
        {
            LiveUpdateHoldings holdings = LiveUpdateHoldings.Read(arguments.GetValue(root)!);
            output.Write(text => WriteText(text, holdings), () => ToJson(holdings));
            return holdings.Unreadable > 0 ? ExitCode.Unknown : ExitCode.Yes;
        }));
        return command;
    }

    public static void WriteText(TextOutput output, LiveUpdateHoldings holdings)
    {
        output.Field("device", !holdings.HasDevice ? "none: LUO is off or not built in (luoctl doctor says why)"
            : holdings.Device.Count == 0 ? "nobody has it open"
            : string.Join(", ", holdings.Device));
        int names = holdings.Sessions.Select(static session => session.Name).Distinct().Count();
        output.Field("sessions", names == 0 ? "none are open" : $"{names} open");
        if (names > 0)
        {
            output.Line();
            output.Table(
                ["session", "pid>", "fd>", "process", "user", "unit"],
                [
                    .. holdings.Sessions.Select(static session => (string[])[
                        session.Name, Number(session.Process.Id), Number(session.Descriptor), session.Process.Name, session.Process.User,
                        session.Process.Unit ?? "-",
                    ]),
                ]);
        }

        if (holdings.Memory.Count > 0)
        {
            output.Heading("Their memory without a name (which of it they preserve, the kernel does not show)");
            output.Table(
                ["process", "pid>", "files>", "size>", "not preservable>"],
                [
                    .. holdings.Memory.Select(static memory => (string[])[
                        memory.Process.Name, Number(memory.Process.Id), Number(memory.Files),
                        memory.Bytes is { } bytes ? TextOutput.Size((ulong)bytes) : "?", Number(memory.Refused),
                    ]),
                ]);
        }

        if (holdings.Unreadable > 0)
        {
            output.Line();
            output.Paragraph(
                $"{TextOutput.Count(holdings.Unreadable, "process", "processes")} did not show to this user what they have open; "
                    + "run as root.",
                tone: Tone.Caution);
        }
    }

    public static JsonObject ToJson(LiveUpdateHoldings holdings) => new()
    {
        ["schema"] = 1,
        ["device"] = holdings.HasDevice,
        ["deviceHolders"] = new JsonArray([.. holdings.Device.Select(static process => (JsonNode)ToJson(process))]),
        ["sessions"] = new JsonArray([.. holdings.Sessions.Select(static session => (JsonNode)new JsonObject
        {
            ["name"] = session.Name,
            ["descriptor"] = session.Descriptor,
            ["process"] = ToJson(session.Process),
        })]),
        ["memory"] = new JsonArray([.. holdings.Memory.Select(static memory => (JsonNode)new JsonObject
        {
            ["process"] = ToJson(memory.Process),
            ["files"] = memory.Files,
            ["bytes"] = memory.Bytes,
            ["notPreservable"] = memory.Refused,
        })]),
        ["unreadableProcesses"] = holdings.Unreadable,
    };

    private static JsonObject ToJson(HoldingProcess process) => new()
    {
        ["pid"] = process.Id,
        ["name"] = process.Name,
        ["user"] = process.User,
        ["unit"] = process.Unit,
    };

    private static string Number(int number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

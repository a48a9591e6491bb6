using System.CommandLine;
using System.Text.Json.Nodes;
using LuoInterop.Cli.Output;
using LuoInterop.Diagnosis;

namespace LuoInterop.Cli.Verify;

/// <summary>Is <c>luoctl verify</c>: writes down what is kept before a live update, and compares with it what is there after.</summary>
internal static class VerifyCommand
{
    public static Command Create()
    {
        Argument<string> file = new("record") { Description = "The file of the record.", HelpName = "file" };
        var record = new Option<bool>("--record") { Description = "Write the record; without it, compare with it." };
        var contents = new Option<bool>("--contents")
        {
            Description = "Compare what the memory holds too. Only for services that are stopped: others write to it.",
        };
        Option<bool> json = CommandTree.Json();
        var command = new Command(
            "verify", "Says whether what services keep in systemd's stores, and sessions, came back after a live update.")
        {
            file, record, contents, json,
        };
        command.SetAction(arguments => CommandRun.Run(arguments.GetValue(json), output =>
        {
            string path = arguments.GetRequiredValue(file);
            bool records = arguments.GetValue(record);
            KeptState? before = records ? null : KeptJson.Read(path);
            KeptState now = ReadNow(arguments.GetValue(contents) || before?.Descriptors.Any(static one => one.Sha256 is not null) == true);
            if (before is null)
            {
                Write(path, now);
                output.Write(text => WriteRecord(text, path, now), () => KeptJson.ToJson(now));
                return ExitCode.Yes;
            }

            List<VerifiedRow> rows = Verification.Compare(before, now);
            bool isNewKernel = before.BootId != now.BootId;
            output.Write(text => WriteText(text, before, now, rows), () => ToJson(before, now, rows));
            return isNewKernel && rows.TrueForAll(static row => row.IsBack) ? ExitCode.Yes : ExitCode.No;
        }));
        return command;
    }

    private static void WriteRecord(TextOutput text, string path, KeptState state)
    {
        text.Line($"recorded: {Counted(state)}, in {path}", Tone.Good);
        foreach (KeptDescriptor one in state.Descriptors.Where(static one => one is { LeftBehind: not null, Kind: not "other" }))
        {
            text.Row("left", Tone.Caution, $"{one.Unit} {one.Name}", 40, one.LeftBehind!);
        }

        // systemd's own services keep such on every machine.
        string[] others = [.. state.Descriptors.Where(static one => one.Kind == "other").Select(static one => one.Unit)];
        if (others.Length > 0)
        {
            text.Paragraph(
                $"Not carried: {TextOutput.Count(others.Length, "descriptor")} of files that no live update carries, of "
                + string.Join(", ", others.Distinct()));
        }
    }

    public static void WriteText(TextOutput text, KeptState before, KeptState now, List<VerifiedRow> rows)
    {
        int lost = rows.Count(static row => !row.IsBack);
        text.Field("kernel", before.BootId == now.BootId
            ? $"{now.Release}: the one that was recorded runs on" : $"{now.Release}, started after the record (of {before.Release})");
        text.Field("kept", lost == 0
            ? $"all of {Counted(before)} came back" : $"{lost} of {rows.Count} did not come back as they were");
        if (rows.Count > 0)
        {
            text.Line();
        }

        foreach (VerifiedRow row in rows)
        {
            text.Row(row.IsBack ? "back" : "lost", row.IsBack ? Tone.Good : Tone.Bad, row.What, 40, row.Sentence);
        }
    }

    public static JsonObject ToJson(KeptState before, KeptState now, List<VerifiedRow> rows) => new()
    {
        ["schema"] = 1,
        ["isNewKernel"] = before.BootId != now.BootId,
        ["releaseBefore"] = before.Release,
        ["release"] = now.Release,
        ["isWhole"] = rows.TrueForAll(static row => row.IsBack),
        ["rows"] = new JsonArray([.. rows.Select(static row => (JsonNode)new JsonObject
        {
            ["what"] = row.What,
            ["isBack"] = row.IsBack,
            ["sentence"] = row.Sentence,
        })]),
    };

    private static string Counted(KeptState state)
    {
        int descriptors = state.Descriptors.Count(static one => one.LeftBehind is null);
        return $"{TextOutput.Count(descriptors, "stored descriptor")} and {TextOutput.Count(state.Sessions.Count, "session")}";
    }

    private static KeptState ReadNow(bool contents) => new(
        File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim(),
        File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
        ServiceStores.Read(contents),
        [.. LiveUpdateHoldings.Read().Sessions.Select(static session => session.Name).Distinct().Order(StringComparer.Ordinal)]);

    /// <summary>Writes the record so that a full disk or the machine's end leaves an old one or the new one.</summary>
    private static void Write(string path, KeptState state)
    {
        string temporary = path + ".new";
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            file.Write(System.Text.Encoding.UTF8.GetBytes(KeptJson.ToJson(state).ToJsonString() + "\n"));
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }
}

using System.Text.Json.Nodes;
using LuoInterop.Cli.CheckNext;
using LuoInterop.Cli.Doctor;
using LuoInterop.Cli.Output;
using LuoInterop.Diagnosis;

namespace LuoInterop.Cli.Kexec;

/// <summary>Writes what a jump would carry and lose.</summary>
internal static class KexecOutput
{
    /// <summary>Writes it for people: the verdict is the last line, where the question follows.</summary>
    public static void WriteText(TextOutput output, KexecPlan plan)
    {
        CheckedKernel next = plan.Next;
        output.Field("next kernel", $"{next.Image.Version?.Split(" (")[0] ?? "of unknown version"}, {next.Path}");
        output.Field("initrd", plan.Initrds.Count > 0 ? string.Join(", ", plan.Initrds) : "none: it must find its root by itself");
        output.Field("command line", $"{next.CommandLine} ({next.CommandLineSource})");
        output.Field("doctor", DoctorOutput.Sentence(plan.Diagnosis, strict: false), DoctorOutput.ToneOf(plan.Diagnosis.Answer()));
        (string answer, Tone tone) = CheckNextOutput.Answer(next);
        output.Field("check-next", answer, tone);
        foreach (IGrouping<string, HoldingProcess> session in plan.Sessions)
        {
            output.Field("session", $"{session.Key}, held by {string.Join(", ", session.Distinct())}", Tone.Good);
        }

        WriteList(output, "What the jump ends", plan.Losses, Tone.Plain);
        WriteList(output, "Not known", plan.Unknown, Tone.Caution);
        WriteList(output, "What speaks against it", plan.Refusals, Tone.Bad);
        output.Line();
    }

    /// <summary>Makes the JSON document.</summary>
    public static JsonObject ToJson(KexecPlan plan) => new()
    {
        ["schema"] = 1,
        ["answer"] = DoctorOutput.Word(plan.Answer),
        ["image"] = plan.Next.Path,
        ["version"] = plan.Next.Image.Version,
        ["initrds"] = CheckNextOutput.Texts(plan.Initrds),
        ["commandLine"] = plan.Next.CommandLine,
        ["sessions"] = new JsonArray([.. plan.Sessions.Select(static session => (JsonNode)new JsonObject
        {
            ["name"] = session.Key,
            ["holders"] = new JsonArray([.. session.Distinct().Select(static holder => (JsonNode)holder.Id)]),
        })]),
        ["losses"] = CheckNextOutput.Texts(plan.Losses),
        ["unknown"] = CheckNextOutput.Texts(plan.Unknown),
        ["refusals"] = CheckNextOutput.Texts(plan.Refusals),
    };

    private static void WriteList(TextOutput output, string heading, IReadOnlyList<string> lines, Tone tone)
    {
        if (lines.Count > 0)
        {
            output.Heading(heading);
            foreach (string line in lines)
            {
                output.Item(line, tone);
            }
        }
    }
}

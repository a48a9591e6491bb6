using System.Text.Json.Nodes;
using LuoInterop.Cli.Output;
using LuoInterop.Diagnosis;

namespace LuoInterop.Cli.Doctor;

/// <summary>Prints a diagnosis: in text what matters most comes last, where the screen ends; in JSON rows keep their order.</summary>
internal static class DoctorOutput
{
    private const int IdWidth = 27;

    public static void WriteText(TextOutput output, MachineDiagnosis diagnosis, bool strict)
    {
        foreach (CheckResult row in diagnosis.Results.Where(static row => row.Verdict is CheckVerdict.Ok or CheckVerdict.NotLookedAt))
        {
            WriteRow(output, row);
        }

        foreach (CheckVerdict verdict in (ReadOnlySpan<CheckVerdict>)[CheckVerdict.Warn, CheckVerdict.Unknown, CheckVerdict.Fail])
        {
            foreach (CheckResult row in diagnosis.Results.Where(row => row.Verdict == verdict))
            {
                output.Line();
                output.Verdict(Word(verdict), ToneOf(verdict), $"{row.Id}: {row.Title}", row.Evidence);
                output.Paragraph($"> {row.Remedy}", 9);
            }
        }

        output.Line();
        output.Paragraph(Sentence(diagnosis, strict), tone: ToneOf(diagnosis.Answer(strict)));
    }

    public static JsonObject ToJson(MachineDiagnosis diagnosis, bool strict) => new()
    {
        ["schema"] = 1,
        ["answer"] = Word(diagnosis.Answer(strict)),
        ["checks"] = new JsonArray([.. diagnosis.Results.Select(static row => (JsonNode)new JsonObject
        {
            ["id"] = row.Id,
            ["verdict"] = row.Verdict == CheckVerdict.NotLookedAt ? "not-looked-at" : Word(row.Verdict),
            ["evidence"] = row.Evidence,
            ["remedy"] = row.Remedy,
        })]),
    };

    /// <summary>Gets the answer in a line.</summary>
    public static string Sentence(MachineDiagnosis diagnosis, bool strict)
    {
        Readiness answer = diagnosis.Answer(strict);
        string[] reasons =
        [
            .. diagnosis.Results.Where(row => answer switch
            {
                Readiness.NotReady => row.Verdict == CheckVerdict.Fail || (strict && row.Verdict == CheckVerdict.Warn),
                Readiness.Unknown => row.Verdict == CheckVerdict.Unknown,
                _ => false,
            }).Select(static row => row.Id),
        ];
        int warnings = diagnosis.Results.Count(static row => row.Verdict == CheckVerdict.Warn);
        string also = warnings > 0 && !strict ? $" ({TextOutput.Count(warnings, "warning")})" : "";
        return answer switch
        {
            Readiness.Ready => $"ready{also}",
            Readiness.NotReady => $"not ready: {string.Join(", ", reasons)}{also}",
            _ => $"unknown: {string.Join(", ", reasons)}{also}",
        };
    }

    /// <summary>Gets an answer as JSON names it.</summary>
    public static string Word(Readiness readiness) => readiness switch
    {
        Readiness.Ready => "ready",
        Readiness.NotReady => "not-ready",
        _ => "unknown",
    };

    /// <summary>Gets an answer's tone.</summary>
    public static Tone ToneOf(Readiness readiness) => readiness switch
    {
        Readiness.Ready => Tone.Good,
        Readiness.NotReady => Tone.Bad,
        _ => Tone.Caution,
    };

    private static void WriteRow(TextOutput output, CheckResult row)
    {
        string word = row.Verdict == CheckVerdict.NotLookedAt ? "-" : Word(row.Verdict);
        string text = row.Verdict == CheckVerdict.NotLookedAt ? $"not looked at: {row.Evidence}" : row.Evidence;
        output.Row(word, ToneOf(row.Verdict), row.Id, IdWidth, text);
    }

    private static string Word(CheckVerdict verdict) => verdict switch
    {
        CheckVerdict.Ok => "ok",
        CheckVerdict.Warn => "warn",
        CheckVerdict.Fail => "fail",
        CheckVerdict.Unknown => "unknown",
        _ => "-",
    };

    private static Tone ToneOf(CheckVerdict verdict) => verdict switch
    {
        CheckVerdict.Ok => Tone.Good,
        CheckVerdict.Fail => Tone.Bad,
        CheckVerdict.NotLookedAt => Tone.Faint,
        _ => Tone.Caution,
    };
}

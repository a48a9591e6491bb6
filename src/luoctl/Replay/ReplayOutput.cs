using System.Text.Json.Nodes;
using LuoInterop.Cli.Output;
using LuoInterop.Litmus;

namespace LuoInterop.Cli.Replay;

/// <summary>Prints what was observed of scripts, as scripts or as one JSON document.</summary>
/// <param name="output">Where to.</param>
/// <param name="expect">Whether to print only what differs from the scripts' expectations.</param>
internal sealed class ReplayOutput(CommandOutput output, bool expect)
{
    private readonly TextWriter _text = output.Writer;

    /// <summary>Prints results.</summary>
    /// <returns>False when a script did not come to its end, or, with expectations, when one was not met.</returns>
    public bool Write(IReadOnlyList<LitmusResult> results)
    {
        bool good = results.All(result => result.End is null && !(expect && result.Mismatches.Any()));
        if (output.IsJson)
        {
            output.Json(new JsonArray([.. results.Select(ToJson)]));
        }
        else if (expect)
        {
            WriteDifferences(results);
        }
        else
        {
            WriteScripts(results);
        }

        return good;
    }

    private void WriteScripts(IReadOnlyList<LitmusResult> results)
    {
        foreach (LitmusResult result in results)
        {
            if (results.Count > 1)
            {
                _text.WriteLine($"# {result.Script.Name}");
            }

            _text.Write(result);
            if (result.End is not null)
            {
                _text.WriteLine($"# ended early: {result.End}");
            }
        }
    }

    private void WriteDifferences(IReadOnlyList<LitmusResult> results)
    {
        int lines = 0;
        int differing = 0;
        foreach (LitmusResult result in results)
        {
            lines += result.Script.Lines.Count(static line => line.Expected is not null);
            foreach (int i in result.Mismatches)
            {
                LitmusLine line = result.Script.Lines[i];
                differing++;
                _text.WriteLine($"{result.Script.Name}:{line.Number}: {line.Text}");
                _text.WriteLine($"  expected: {line.Expected}");
                _text.WriteLine($"  observed: {result.Observations[i] ?? "(not performed)"}");
            }

            if (result.End is not null)
            {
                _text.WriteLine($"{result.Script.Name}: ended early: {result.End}");
            }
        }

        _text.WriteLine($"{results.Count} scripts, {lines} expectations, {differing} not met");
    }

    private static JsonObject ToJson(LitmusResult result) => new()
    {
        ["script"] = result.Script.Name,
        ["end"] = result.End,
        ["lines"] = new JsonArray([.. result.Script.Lines.Select((line, i) => (JsonNode)new JsonObject
        {
            ["line"] = line.Number,
            ["operation"] = line.Text,
            ["observed"] = result.Observations[i],
            ["expected"] = line.Expected,
        })]),
    };
}

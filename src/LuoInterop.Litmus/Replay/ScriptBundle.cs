using System.Text.Json;
using System.Text.Json.Nodes;

namespace LuoInterop.Litmus.Replay;

/// <summary>Carries scripts into a VM, and observations out of it.</summary>
internal static class ScriptBundle
{
    public const string FileName = "litmus.json";

    // Or a member that is there twice is found out only where it is looked up, and not as bad JSON.
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    public static string Write(IEnumerable<LitmusScript> scripts) => new JsonArray(
        [.. scripts.Select(static script => (JsonNode)new JsonObject { ["name"] = script.Name, ["text"] = script.ToText() })])
        .ToJsonString();

    public static IReadOnlyList<LitmusScript> Read(string json) =>
        [.. JsonNode.Parse(json)!.AsArray()
            .Select(static script => LitmusScript.Parse(script!["name"]!.GetValue<string>(), script["text"]!.GetValue<string>()))];

    /// <summary>Writes what was observed of some lines of a script.</summary>
    public static JsonObject Observations(int script, int firstLine, IEnumerable<string?> observations) => new()
    {
        ["script"] = script,
        ["line"] = firstLine,
        ["observed"] = new JsonArray([.. observations.Select(static text => (JsonNode?)text)]),
    };

    /// <summary>Reads what was observed, and puts it into its places.</summary>
    /// <exception cref="InvalidDataException">The bytes are not what the guest writes.</exception>
    public static void ReadObservations(ReadOnlySpan<byte> json, IReadOnlyList<string?[]> into)
    {
        try
        {
            foreach (JsonNode? entry in JsonNode.Parse(json, documentOptions: Strict)!.AsArray())
            {
                string?[] observations = into[entry!["script"]!.GetValue<int>()];
                int line = entry["line"]!.GetValue<int>();
                foreach (JsonNode? text in entry["observed"]!.AsArray())
                {
                    observations[line++] = text?.GetValue<string>();
                }
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or NullReferenceException
            or ArgumentOutOfRangeException or IndexOutOfRangeException or FormatException)
        {
            throw new InvalidDataException("The guest sent observations that no script of this replay has.", error);
        }
    }
}

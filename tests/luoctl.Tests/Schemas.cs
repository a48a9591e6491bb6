using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Cli.Tests;

/// <summary>Holds a command's JSON against its schema in <c>docs/schemas</c>.</summary>
internal static class Schemas
{
    private static readonly EvaluationOptions s_list = new() { OutputFormat = OutputFormat.List };

    public static string Folder => Path.Combine(Repository.Root, "docs/schemas");

    /// <summary>Asserts that a document is what the schema promises, and gives it.</summary>
    /// <param name="command">The schema's file without its ending, as <c>doctor</c>.</param>
    /// <param name="json">The document.</param>
    public static JsonElement Hold(string command, string json)
    {
        JsonElement document = JsonDocument.Parse(json).RootElement;
        EvaluationResults results = Schema(command).Evaluate(document, s_list);
        Assert.True(results.IsValid, $"{command}.json does not hold:\n{Errors(results)}\n{json}");
        return document;
    }

    /// <summary>Asserts that the schema refuses a document: a schema that takes anything holds nothing.</summary>
    public static void Refuse(string command, JsonNode document) =>
        Assert.False(
            Schema(command).Evaluate(JsonDocument.Parse(document.ToJsonString()).RootElement, s_list).IsValid,
            $"{command}.json takes {document.ToJsonString()}");

    private static JsonSchema Schema(string command) => JsonSchema.FromText(File.ReadAllText(Path.Combine(Folder, $"{command}.json")));

    private static string Errors(EvaluationResults results) => string.Join(
        '\n',
        (results.Details ?? []).Where(static detail => detail.Errors is not null).SelectMany(static detail =>
            detail.Errors!.Select(error => $"{detail.InstanceLocation}: {error.Value}")));
}

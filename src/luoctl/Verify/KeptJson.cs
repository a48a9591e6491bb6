using System.Text.Json;
using System.Text.Json.Nodes;
using LuoInterop.Cli.Output;

namespace LuoInterop.Cli.Verify;

/// <summary>Writes and reads the file that <c>luoctl verify --record</c> makes.</summary>
internal static class KeptJson
{
    private const int Schema = 1;

    // A record of a machine is some kilobytes.
    private const long MostBytes = 64 << 20;

    public static JsonObject ToJson(KeptState state) => new()
    {
        ["schema"] = Schema,
        ["bootId"] = state.BootId,
        ["release"] = state.Release,
        ["descriptors"] = new JsonArray([.. state.Descriptors.Select(static one => (JsonNode)new JsonObject
        {
            ["unit"] = one.Unit,
            ["name"] = one.Name,
            ["kind"] = one.Kind,
            ["size"] = one.Size,
            ["sha256"] = one.Sha256,
            ["leftBehind"] = one.LeftBehind,
        })]),
        ["sessions"] = new JsonArray([.. state.Sessions.Select(static name => (JsonNode)name)]),
    };

    /// <summary>Reads a record.</summary>
    /// <exception cref="CommandFailure">The file is none.</exception>
    public static KeptState Read(string path)
    {
        using FileStream file = File.OpenRead(path);
        if (file.Length > MostBytes)
        {
            throw new CommandFailure($"{path} is no record: it has {file.Length} bytes");
        }

        try
        {
            using var document = JsonDocument.Parse(file);
            JsonElement root = document.RootElement;
            if (root.GetProperty("schema").GetInt32() is var schema and not Schema)
            {
                throw new CommandFailure(
                    $"{path} is a record of form {schema}", $"this luoctl reads form {Schema}: use the one that wrote it");
            }

            return new KeptState(
                root.GetProperty("bootId").GetString()!,
                root.GetProperty("release").GetString()!,
                [
                    .. root.GetProperty("descriptors").EnumerateArray().Select(static one => new KeptDescriptor(
                        one.GetProperty("unit").GetString()!,
                        one.GetProperty("name").GetString()!,
                        one.GetProperty("kind").GetString()!,
                        one.GetProperty("size") is { ValueKind: JsonValueKind.Number } size ? size.GetInt64() : null,
                        one.GetProperty("sha256").GetString(),
                        one.GetProperty("leftBehind").GetString())),
                ],
                [.. root.GetProperty("sessions").EnumerateArray().Select(static name => name.GetString()!)]);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new CommandFailure($"{path} is no record: {error.Message.TrimEnd('.')}", "make one with luoctl verify --record");
        }
    }
}

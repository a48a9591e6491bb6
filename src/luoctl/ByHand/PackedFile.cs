using System.Text.Json.Nodes;
using LuoInterop.Cli.Output;

namespace LuoInterop.Cli.ByHand;

/// <summary>Is a file, folder or pipe in a session.</summary>
/// <param name="Name">Its own name.</param>
/// <param name="Bytes">The size of its memfd.</param>
/// <param name="Checksum">Of its memfd.</param>
internal sealed record PackedFile(string Name, long Bytes, string Checksum)
{
    public static void Write(CommandOutput output, string session, bool emulated, string done, IReadOnlyList<PackedFile> files) =>
        output.Write(
        text =>
        {
            text.Table(
                ["name", "size>", "checksum"],
                [.. files.Select(static file => (string[])[file.Name, TextOutput.Size((ulong)file.Bytes), file.Checksum[..23] + "..."])]);
            text.Line();
            text.Paragraph(done, tone: Tone.Good);
        },
        () => new JsonObject
        {
            ["schema"] = 1,
            ["session"] = session,
            ["emulated"] = emulated,
            ["files"] = new JsonArray([.. files.Select(static file => (JsonNode)new JsonObject
            {
                ["name"] = file.Name,
                ["bytes"] = file.Bytes,
                ["checksum"] = file.Checksum,
            })]),
        });
}

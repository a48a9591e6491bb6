using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LuoInterop.Cli.Output;

/// <summary>Is where a command's result goes: text for people, or one JSON document.</summary>
/// <remarks>Standard output has the result only; what else is to be said goes to <see cref="Note"/>.</remarks>
/// <param name="writer">Where to; not owned.</param>
/// <param name="isJson">Whether the user wants JSON.</param>
/// <param name="colour">Whether text has colours.</param>
internal sealed class CommandOutput(TextWriter writer, bool isJson, bool colour)
{
    private static readonly JsonSerializerOptions s_indented =
        new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Gets whether the user wants JSON.</summary>
    public bool IsJson => isJson;

    /// <summary>Gets the text for people; a command with JSON writes none.</summary>
    public TextOutput Text { get; } = new(writer, colour && !isJson);

    /// <summary>Gets the writer under the text, for what is no prose, such as scripts.</summary>
    public TextWriter Writer => writer;

    /// <summary>Writes the JSON document.</summary>
    public void Json(JsonNode document) => writer.Write(document.ToJsonString(s_indented) + "\n");

    /// <summary>Writes text or JSON, as the user wants.</summary>
    public void Write(Action<TextOutput> text, Func<JsonNode> json)
    {
        if (IsJson)
        {
            Json(json());
        }
        else
        {
            text(Text);
        }
    }

    /// <summary>Says something beside the result, on standard error.</summary>
    public static void Note(string text) => Console.Error.WriteLine($"luoctl: {TextOutput.Safe(text)}");

    /// <summary>Sends what was written on its way.</summary>
    public void Flush() => writer.Flush();
}

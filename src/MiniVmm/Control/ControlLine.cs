using System.Text.Json;
using System.Text.Json.Serialization;

namespace MiniVmm.Control;

/// <summary>Reads and writes the lines of the protocol.</summary>
internal static class ControlLine
{
    /// <summary>The most bytes of a line, without its end.</summary>
    public const int MaxBytes = 64 << 10;

    /// <summary>Reads a request.</summary>
    /// <exception cref="ControlException">It is none.</exception>
    public static ControlRequest ReadRequest(ReadOnlySpan<byte> line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, ControlJson.Default.ControlRequest) ?? throw new JsonException("It is null.");
        }
        catch (JsonException error)
        {
            throw new ControlException($"the line is no request: {error.Message}", error);
        }
    }

    /// <summary>Reads an answer.</summary>
    /// <exception cref="ControlException">It is none.</exception>
    public static ControlAnswer ReadAnswer(ReadOnlySpan<byte> line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, ControlJson.Default.ControlAnswer) ?? throw new JsonException("It is null.");
        }
        catch (JsonException error)
        {
            throw new ControlException($"the VM answers with something else than an answer: {error.Message}", error);
        }
    }

    /// <summary>Writes a request, without the line's end.</summary>
    public static byte[] Write(ControlRequest request) => JsonSerializer.SerializeToUtf8Bytes(request, ControlJson.Default.ControlRequest);

    /// <summary>Writes an answer, without the line's end.</summary>
    public static byte[] Write(ControlAnswer answer) => JsonSerializer.SerializeToUtf8Bytes(answer, ControlJson.Default.ControlAnswer);
}

[JsonSerializable(typeof(ControlRequest))]
[JsonSerializable(typeof(ControlAnswer))]
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
internal sealed partial class ControlJson : JsonSerializerContext;

[JsonSerializable(typeof(IReadOnlyList<VmStatus>))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
internal sealed partial class StatusJson : JsonSerializerContext;

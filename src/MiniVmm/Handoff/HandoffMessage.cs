using System.Text.Json;
using System.Text.Json.Serialization;
using MiniVmm.Control;

namespace MiniVmm.Handoff;

/// <summary>Is a message between the process that has a guest and the one that takes it.</summary>
/// <remarks>
/// In this order: <see cref="Offer"/> to the new one, with the descriptors of the socket and the RAM; <see cref="Ready"/> from it;
/// <see cref="State"/>, with the descriptor of a file that holds the state, when the guest stands still; <see cref="Restored"/>;
/// <see cref="Go"/>, from which on only the new one may run the guest; <see cref="Alive"/>. In the place of an answer may be
/// <see cref="Failed"/>: then the guest has not run in the new process.
/// A guest that the kernel before has handed over, and that this program cannot resume, goes by <see cref="Held"/> with the descriptors of
/// the socket and the session, and <see cref="Alive"/>.
/// </remarks>
internal sealed record HandoffMessage
{
    public const string Offer = "offer";
    public const string Held = "held";
    public const string Ready = "ready";
    public const string State = "state";
    public const string Restored = "restored";
    public const string Go = "go";
    public const string Alive = "alive";
    public const string Failed = "failed";

    /// <summary>The version of the messages; another one is refused.</summary>
    public const int CurrentVersion = 1;

    /// <summary>Gets which message it is.</summary>
    public required string Kind { get; init; }

    /// <summary>Gets the version of the messages.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>Gets what is offered.</summary>
    public HandoffOffer? Guest { get; init; }

    /// <summary>Gets the guest's counter when it was stopped.</summary>
    public ulong Counter { get; init; }

    /// <summary>Gets how long it stood still, in nanoseconds by its counter.</summary>
    public long StoodStill { get; init; }

    /// <summary>Gets why it failed.</summary>
    public string? Error { get; init; }

    /// <summary>Makes a message that only says what it is.</summary>
    public static HandoffMessage Of(string kind) => new() { Kind = kind };

    /// <summary>Gets the bytes to send.</summary>
    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, HandoffJson.Default.HandoffMessage);

    /// <summary>Reads a message, and sees to it that it is an expected one.</summary>
    /// <exception cref="ControlException">It is another one, or none.</exception>
    public static HandoffMessage Read(byte[]? bytes, params ReadOnlySpan<string> kinds)
    {
        if (bytes is null)
        {
            throw new ControlException("the other process has ended.");
        }

        HandoffMessage message;
        try
        {
            message = JsonSerializer.Deserialize(bytes, HandoffJson.Default.HandoffMessage) ?? throw new JsonException("It is null.");
        }
        catch (JsonException error)
        {
            throw new ControlException($"what the other process says is no message of a handoff: {error.Message}", error);
        }

        if (message.Version != CurrentVersion)
        {
            throw new ControlException(
                $"the other process speaks version {message.Version} of the handoff, and this one {CurrentVersion}.");
        }

        if (message.Kind == Failed)
        {
            throw new HandoffRefusedException($"the other process cannot take the guest: {message.Error}");
        }

        return kinds.Contains(message.Kind)
            ? message
            : throw new ControlException(
                $"the other process says '{message.Kind}', where '{string.Join("' or '", kinds)}' is expected.");
    }
}

/// <summary>Says what a guest is that is offered.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Folder">The folder of its socket.</param>
/// <param name="Console">Where its console is to be: terminal, socket or none.</param>
/// <param name="Cpus">The number of vCPUs.</param>
/// <param name="Updates">How many live updates it has gone through.</param>
/// <param name="Clock">What its clock is to do about the blackout, of one that is held.</param>
internal sealed record HandoffOffer(string Name, string Folder, string Console, int Cpus, int Updates, string? Clock = null);

[JsonSerializable(typeof(HandoffMessage))]
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
internal sealed partial class HandoffJson : JsonSerializerContext;

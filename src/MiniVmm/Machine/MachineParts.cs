using System.Text.Json;
using System.Text.Json.Serialization;
using LuoInterop.Kvm;
using MiniVmm.Devices;

namespace MiniVmm.Machine;

/// <summary>Is what a machine's state has beside what the kernel holds: devices, and what the machine is.</summary>
/// <param name="Serial">The serial port.</param>
/// <param name="Keyboard">The keyboard controller, which resets the guest.</param>
/// <param name="Mask">What CPUID hides.</param>
/// <param name="StoppedAt">When the last vCPU stood still, in nanoseconds since 1970.</param>
/// <param name="Updates">How many live updates the guest has gone through.</param>
/// <param name="Timeline">What has been done of the update so far, for the report after it.</param>
internal sealed record MachineParts(
    Uart8250State Serial, I8042State Keyboard, string Mask, long StoppedAt, int Updates, IReadOnlyList<TimelineStep> Timeline)
{
    private const string Name = "minivmm";

    public void WriteTo(MachineState state) => state.SetPart(Name, JsonSerializer.SerializeToUtf8Bytes(this, PartsJson.Default.MachineParts));

    /// <exception cref="KvmStateException">Incomplete or Damaged.</exception>
    public static MachineParts Read(MachineState state)
    {
        try
        {
            return JsonSerializer.Deserialize(state.GetPart(Name).Span, PartsJson.Default.MachineParts)
                ?? throw new JsonException("it is null");
        }
        catch (JsonException error)
        {
            throw new KvmStateException(KvmStateFault.Damaged, $"The state of MiniVmm's devices cannot be read: {error.Message}", error);
        }
    }
}

/// <summary>Is a step of a live update.</summary>
/// <param name="Name">What was done.</param>
/// <param name="Nanoseconds">How long it took.</param>
internal sealed record TimelineStep(string Name, long Nanoseconds);

[JsonSerializable(typeof(MachineParts))]
[JsonSourceGenerationOptions(RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true)]
internal sealed partial class PartsJson : JsonSerializerContext;

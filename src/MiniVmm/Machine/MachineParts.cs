using System.Text.Json;
using System.Text.Json.Serialization;
using LuoInterop.Kvm;
using MiniVmm.Devices;

namespace MiniVmm.Machine;

/// <summary>Is what a machine's state has beside what the kernel holds: devices, and what the machine is.</summary>
/// <param name="Serial">The serial port.</param>
/// <param name="Keyboard">The keyboard controller, which resets the guest.</param>
/// <param name="Mask">What CPUID hides.</param>
/// <param name="Updates">How many live updates the guest has gone through.</param>
/// <param name="Console">What waits between the guest and those at its console; null for nothing, and in states of programs that did not
/// save it.</param>
internal sealed record MachineParts(
    Uart8250State Serial, I8042State Keyboard, string Mask, int Updates, ConsoleState? Console = null)
{
    private const string Name = "minivmm";

    public void WriteTo(MachineState state) =>
        state.SetPart(Name, JsonSerializer.SerializeToUtf8Bytes(this, PartsJson.Default.MachineParts));

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

[JsonSerializable(typeof(MachineParts))]
[JsonSourceGenerationOptions(RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true)]
internal sealed partial class PartsJson : JsonSerializerContext;

using System.Buffers.Binary;
using System.Security.Cryptography;
using LuoInterop;
using LuoInterop.Emulation;
using LuoInterop.Kvm;
using MiniVmm.Control;
using MiniVmm.Guests;
using MiniVmm.Machine;
using MiniVmm.Memory;
using MiniVmm.Update;
using Xunit;

namespace MiniVmm.Tests.Updates;

/// <summary>Resumes guests whose state cannot be used: it is said why, and their memory is held as it was.</summary>
[Collection(Alone.Name)]
public sealed class DamagedStateTests
{
    private const string Name = "vm1";
    private const string StateName = "state";
    private const int Cpus = 2;

    // The fixed places of MachineState: magic, version, length, checksum, payload.
    private const int Version = 8;
    private const int Length = 12;
    private const int Checksum = 16;
    private const int Payload = 48;

    public static TheoryData<string, string, int> Faults => new()
    {
        { "newer", "The state has version 7 of the format; this program knows up to 1.", 1 },
        { "newer entry", "version 2", 2 },
        { "version 0", "the format has no version 0", 1 },
        { "other payload", "its checksum is another one", 1 },
        { "cut payload", "The state ends early", 1 },
        { "cut header", "The state ends early", 1 },
        { "other magic", "they do not begin with LUOKVMST", 1 },
        { "nothing", "they do not begin with LUOKVMST", 1 },
        { "no devices", "The state of MiniVmm's devices cannot be read", 1 },
        { "six vCPUs", "cpus", 1 },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void State_IsRefusedByName_AndTheMemoryIsHeldAsItWas(string fault, string why, int entryVersion)
    {
        using var host = new EmulatedHost();
        int kernels = 0;
        Assert.Equal(0, host.Machine.Run(kernel => ++kernels == 1 ? Before(host, kernel, fault, entryVersion) : After(host, kernel, why)));
        Assert.Equal(2, kernels);
    }

    [Fact]
    public void StateOfAnOlderProgram_WithoutAConsole_IsTaken()
    {
        using var host = new EmulatedHost();
        int kernels = 0;
        Assert.Equal(0, host.Machine.Run(kernel =>
        {
            if (++kernels == 1)
            {
                return Before(host, kernel, "older", 1);
            }

            using var process = new HostProcess(kernel, host.NewRunFolder());
            Assert.Null(process.Resume(Name));
            Assert.Equal(("running", 1), (process.Status(Name)!.State, process.Status(Name)!.Updates));
            return 0;
        }));
    }

    private static int Before(EmulatedHost host, Kernel kernel, string fault, int entryVersion)
    {
        using var machine = new GuestMachine(kernel, GuestRam.Create(kernel, 4 << 20), Cpus, static _ => { });
        machine.Boot(new EmulatedPattern().Load(machine.Ram, Cpus), CpuidMaskKind.Auto);
        machine.Resume();
        Thread.Sleep(1);
        machine.Pause();
        using LiveUpdate update = LiveUpdate.Open(kernel, VmUpdate.SessionPrefix + Name);
        using UpdateTimeline timeline = UpdateTimeline.Create(kernel);
        update.Preserve(GuestRam.LowName, machine.Ram.Low.File);
        update.Preserve(UpdateTimeline.FileName, timeline.File);
        update.PreserveBytes(StateName, Damage(machine.Save(1), fault), entryVersion);
        update.Handover(host.Load(kernel));
        return 1;
    }

    private static byte[] Damage(MachineState state, string fault)
    {
        if (fault == "no devices")
        {
            state.SetPart("minivmm", "[]"u8);
        }

        byte[] bytes = state.ToBytes();
        switch (fault)
        {
            case "newer":
                BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(Version), 7);
                break;
            case "version 0":
                BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(Version), 0);
                break;
            case "other payload":
                bytes[Payload + (bytes.Length / 2)] ^= 1;
                break;
            case "cut payload":
                return bytes[..^1];
            case "cut header":
                return bytes[..20];
            case "other magic":
                bytes[0] ^= 1;
                break;
            case "nothing":
                return [];
            case "six vCPUs":
                return Tripled(bytes);
            default:
                break;
        }

        return bytes;
    }

    // Protocol buffers that follow each other are one, with the vCPUs of each.
    private static byte[] Tripled(byte[] bytes)
    {
        byte[] payload = [.. bytes[Payload..], .. bytes[Payload..], .. bytes[Payload..]];
        byte[] header = bytes[..Payload];
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(Length), payload.Length);
        SHA256.HashData(payload, header.AsSpan(Checksum));
        return [.. header, .. payload];
    }

    private static int After(EmulatedHost host, Kernel kernel, string why)
    {
        using var process = new HostProcess(kernel, host.NewRunFolder());
        Assert.Null(process.Resume(Name));
        VmStatus status = process.Status(Name)!;
        Assert.Equal("failed", status.State);
        Assert.Contains(why, status.Reason, StringComparison.Ordinal);
        Assert.Contains($"FAILED: {status.Reason}", process.Said, StringComparison.Ordinal);
        Assert.Contains($"minivmm resume --name {Name} --retry", process.Said, StringComparison.Ordinal);

        // Again it is the same, and takes nothing away.
        ControlException again = Assert.Throws<ControlException>(
            () => process.Ask(Name, new ControlRequest { Request = ControlWord.Retry }));
        Assert.Contains(why, again.Message, StringComparison.Ordinal);
        Assert.Contains("another update would lose its memory", process.Update(host), StringComparison.Ordinal);

        // The session is open, in this process alone, until the memory is given up.
        EmulatedProcess other = ((EmulatedProcess)kernel).StartProcess();
        using LiveUpdateDevice device = LiveUpdateDevice.Open(other);
        KernelException held = Assert.Throws<KernelException>(() => device.TryRetrieveSession(VmUpdate.SessionPrefix + Name, out _));
        Assert.Equal(Errno.EINVAL, held.Errno);
        process.Ask(Name, new ControlRequest { Request = ControlWord.Stop });
        Assert.False(device.TryRetrieveSession(VmUpdate.SessionPrefix + Name, out _));
        return 0;
    }
}

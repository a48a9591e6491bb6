using LuoInterop.Emulation;
using LuoInterop.Kho;
using Xunit;

namespace LuoInterop.HandoverBytes.Tests;

/// <summary>Decodes what the emulated kernel left, as <see cref="LinuxHandoverTests"/> does with Linux's.</summary>
[Collection(Handovers.Name)]
public sealed class EmulatedHandoverTests(EmulatedHandover emulated) : IClassFixture<EmulatedHandover>
{
    private readonly Handover _handover = HandoverReader.Read(emulated.Memory, emulated.Setup.FdtAddress);

    [Fact]
    public void Handover_IsWhatTheProgramMade()
    {
        Expect.Sessions(emulated.Made, _handover);
        Expect.Content(emulated.Made, _handover, emulated.Memory);
        Expect.Preserved(_handover, emulated.Setup, emulated.Memory);
    }

    [Fact]
    public void EncodedAgain_IsTheSame()
    {
        SameBytes.OfRoot(_handover, emulated.Setup, emulated.Memory);
        SameBytes.OfBlobs(_handover, emulated.Memory);
        SameBytes.OfBlocks(_handover, emulated.Memory);
        SameBytes.OfMemfds(_handover, emulated.Memory);
        SameBytes.OfRadixTree(_handover, emulated.Memory);
    }

    [Fact]
    public void NextKernel_GivesEverythingBack()
    {
        using var own = new EmulatedHandover();
        Expect.Retrieved(own.Made, own.Machine.Boot());
    }

    /// <summary>A machine that has nothing but the bytes: no host file is shared with the one that made them.</summary>
    [Fact]
    public void AnotherMachine_GivesEverythingBack()
    {
        using var other = new EmulatedMachine(new EmulatedMachineOptions(), emulated.Memory, emulated.Setup);
        Expect.Retrieved(emulated.Made, other.Boot());
    }
}

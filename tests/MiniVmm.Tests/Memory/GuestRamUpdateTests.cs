using LuoInterop;
using LuoInterop.Emulation;
using MiniVmm.Guests;
using MiniVmm.Memory;
using Xunit;

namespace MiniVmm.Tests.Memory;

/// <summary>Proves that guest RAM goes through a live update, also what is written after it was preserved.</summary>
public sealed class GuestRamUpdateTests : IDisposable
{
    private const int Counted = 1000;
    private const string Session = "vm1";

    private readonly string _image = Path.GetTempFileName();

    public void Dispose() => File.Delete(_image);

    [Fact]
    public void Ram_AcrossALiveUpdate_HasWhatTheGuestWroteLast()
    {
        EmulatedKernelImage.Write(_image);
        using var machine = new EmulatedMachine();
        int runs = 0;

        Assert.Equal(77, machine.Run(kernel => runs++ == 0 ? Before(kernel) : After(kernel)));

        Assert.Equal(2, runs);
    }

    private static int After(Kernel kernel)
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(kernel);
        using LiveUpdateSession session = device.RetrieveSession(Session);
        using GuestRam ram = GuestRam.FromFiles(session.RetrieveMemfd(0), null);
        Assert.Equal(16 << 20, ram.Size);
        Assert.Equal(Counted, PatternCheck.CheckAll(ram, 1)[0].Position);
        session.Finish();
        return ram.At(ram.Low.End - 1, 1)[0];
    }

    private int Before(Kernel kernel)
    {
        using GuestRam ram = GuestRam.Create(kernel, 16 << 20);
        using LiveUpdateDevice device = LiveUpdateDevice.Open(kernel);
        using LiveUpdateSession session = device.CreateSession(Session);
        session.Preserve(ram.Low.File, 0);
        PatternRange range = PatternGuest.RangesOf(ram, 1)[0];
        for (long page = 0; page < Counted; page++)
        {
            ram.At(range.AddressOf(page), 1)[0]++;
        }

        ram.At(ram.Low.End - 1, 1)[0] = 77;
        KexecImage.Load(kernel, _image, null, "kho=on liveupdate=on").Reboot();
        return 1;
    }
}

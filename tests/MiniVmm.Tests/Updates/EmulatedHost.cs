using LuoInterop;
using LuoInterop.Emulation;
using MiniVmm.Demo;
using MiniVmm.Guests;
using MiniVmm.Update;

namespace MiniVmm.Tests.Updates;

/// <summary>Is an emulated machine whose KVM runs guests in C#.</summary>
internal sealed class EmulatedHost : IDisposable
{
    private const string Release = "7.3.4-" + KernelPreviews.GuestMemfd;

    private readonly string _image = Path.GetTempFileName();

    public EmulatedHost() => EmulatedKernelImage.Write(_image, Release);

    public EmulatedMachine Machine { get; } =
        new(new EmulatedMachineOptions { Release = Release, DefaultGuest = EmulatedPattern.Run });

    /// <summary>Gets what the guests wrote, and the host.</summary>
    public StringWriter Output { get; } = new();

    public static DemoOptions Options(int updates, int? seed) => new()
    {
        Updates = updates,
        Memory = 4 << 20,
        Cpus = 2,
        Seed = seed,
        LongestWait = TimeSpan.FromMilliseconds(5),
        Programs = [new EmulatedPattern()],
    };

    public static UpdateClock Clock()
    {
        long now = UpdateTimeline.Now();
        return new UpdateClock(now, now, now);
    }

    /// <summary>Loads the next kernel, which is the same.</summary>
    public KexecImage Load(Kernel kernel) => KexecImage.Load(kernel, _image, null, "kho=on liveupdate=on");

    /// <summary>Runs the demo to its end.</summary>
    public int Run(DemoOptions options, List<Blackout>? blackouts = null) => Machine.Run(kernel => new DemoProgram(
        kernel, Clock(), options, () => Load(kernel), Output, static () => { }, (_, _, blackout) => blackouts?.Add(blackout)).Run());

    public void Dispose()
    {
        Machine.Dispose();
        File.Delete(_image);
    }
}

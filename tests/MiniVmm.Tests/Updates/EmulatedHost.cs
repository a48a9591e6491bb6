using LuoInterop;
using LuoInterop.Emulation;
using MiniVmm.Control;
using MiniVmm.Demo;
using MiniVmm.Guests;
using MiniVmm.Update;

namespace MiniVmm.Tests.Updates;

/// <summary>Is an emulated machine whose KVM runs guests in C#.</summary>
internal sealed class EmulatedHost : IDisposable
{
    /// <summary>The kernel that has KVM.</summary>
    public const string Release = "7.3.4-" + KernelPreviews.GuestMemfd;

    /// <summary>The next kernel's command line.</summary>
    public const string CommandLine = "kho=on liveupdate=on";

    private readonly string _folder = Directory.CreateTempSubdirectory("minivmm-").FullName;
    private int _folders;

    /// <param name="guest">What vCPUs run; null for the page pattern.</param>
    public EmulatedHost(Action<EmulatedGuest>? guest = null)
    {
        Image = Path.Combine(_folder, "bzImage");
        EmulatedKernelImage.Write(Image, Release);
        Machine = new EmulatedMachine(new EmulatedMachineOptions { Release = Release, DefaultGuest = guest ?? EmulatedPattern.Run });
    }

    public EmulatedMachine Machine { get; }

    /// <summary>Gets the file of the next kernel, which is the same unless a test writes another.</summary>
    public string Image { get; }

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
    public KexecImage Load(Kernel kernel) => KexecImage.Load(kernel, Image, null, CommandLine);

    /// <summary>Makes a folder for the sockets of a kernel's VMs: /run is empty after a boot.</summary>
    public RunFolder NewRunFolder() => new(Path.Combine(_folder, $"run{++_folders}"));

    /// <summary>Runs the demo to its end.</summary>
    public int Run(DemoOptions options, List<Blackout>? blackouts = null) => Machine.Run(kernel => new DemoProgram(
        kernel, Clock(), options, () => Load(kernel), Output, static () => { }, (_, _, blackout) => blackouts?.Add(blackout)).Run());

    public void Dispose()
    {
        Machine.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}

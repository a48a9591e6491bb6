using System.CommandLine;
using LuoInterop;
using LuoInterop.Emulation;
using LuoInterop.VmTesting;
using MiniVmm.Demo;
using MiniVmm.Guests;
using MiniVmm.Memory;
using MiniVmm.Update;

namespace MiniVmm.Commands;

/// <summary>Shows a Linux guest that goes on through live updates.</summary>
internal static class DemoCommand
{
    // Enough for the VM's own system and .NET.
    private const int HostMiB = 1024;

    // Only a kernel with guest_memfd has KVM in the emulation.
    private const string EmulatedRelease = "7.3.4-" + KernelPreviews.GuestMemfd;

    public static Command Create()
    {
        var on = new Option<string>("--on")
        {
            Description = "Where: 'vm' (Linux 7.3 in QEMU, its KVM, a Linux guest) or 'emulated' (any host, seconds, a guest in C#).",
            DefaultValueFactory = static _ => "vm",
        };
        on.AcceptOnlyFromAmong("vm", "emulated");
        var updates = new Option<int>("--updates") { Description = "How many kernels to go through.", DefaultValueFactory = static _ => 3 };
        var memory = new Option<int>("--memory") { Description = "Each guest's RAM in MiB.", DefaultValueFactory = static _ => 256 };
        var cpus = new Option<int>("--cpus") { Description = "Its vCPUs, 1 to 4.", DefaultValueFactory = static _ => 2 };
        var guests = new Option<string[]>("--guest")
        {
            Description = "What runs: linux, pattern or self-check; may be repeated.",
            DefaultValueFactory = static _ => [LinuxProgram.Kind],
            AllowMultipleArgumentsPerToken = true,
        };
        guests.AcceptOnlyFromAmong(LinuxProgram.Kind, PatternProgram.Kind, SelfCheckProgram.Kind);
        var seed = new Option<int?>("--seed") { Description = "Updates begin at random moments, which are the same for the same seed." };
        var initrd = new Option<FileInfo?>("--initrd") { Description = "Another initial RAM disk than the one made here." };
        var smallPages = new Option<bool>("--small-pages") { Description = "Leaves the guests' RAM in folios of 4 KiB." };
        var fromShare = new Option<bool>("--from-share")
        {
            Description = "Starts this program from the host's share in each kernel, and not from memory.",
        };
        var command = new Command("demo", "Runs guests in QEMU, and replaces the kernel under them.")
        {
            on, updates, memory, cpus, guests, seed, initrd, smallPages, fromShare,
        };
        command.SetAction(async (arguments, cancellation) =>
            arguments.GetValue(on) == "emulated" ? Emulated(
                arguments.GetValue(updates), (long)arguments.GetValue(memory) << 20, arguments.GetValue(cpus), arguments.GetValue(seed))
            : await OutsideAsync(
                arguments.GetValue(updates), arguments.GetValue(memory), arguments.GetValue(cpus), arguments.GetValue(guests)!,
                arguments.GetValue(seed), arguments.GetValue(initrd), arguments.GetValue(smallPages), arguments.GetValue(fromShare),
                cancellation));
        return command;
    }

    private static int Emulated(int updates, long memory, int cpus, int? seed)
    {
        using var folder = new TemporaryFolder();
        string image = folder.Write("bzImage", []);
        EmulatedKernelImage.Write(image, EmulatedRelease);
        using var machine = new EmulatedMachine(
            new EmulatedMachineOptions { Release = EmulatedRelease, DefaultGuest = EmulatedPattern.Run });
        var options = new DemoOptions { Updates = updates, Memory = memory, Cpus = cpus, Seed = seed, Programs = [new EmulatedPattern()] };
        return machine.Run(kernel =>
        {
            // Each kernel, and each program in it, begins here.
            long now = UpdateTimeline.Now();
            return new DemoProgram(
                kernel,
                new UpdateClock(now, now, now),
                options,
                () => KexecImage.Load(kernel, image, null, "kho=on liveupdate=on"),
                Console.Out,
                static () => { },
                static (_, _, _) => { }).Run();
        });
    }

    private static async Task<int> OutsideAsync(
        int updates, int memory, int cpus, string[] guests, int? seed, FileInfo? initrd, bool smallPages, bool fromShare,
        CancellationToken cancellation)
    {
        KernelBuild kernel = await KernelBuild.GetAsync(progress: KernelBuild.ShowProgress, cancellationToken: cancellation);
        byte[] root = initrd is null ? GuestInitrd.Create() : await File.ReadAllBytesAsync(initrd.FullName, cancellation);
        using var folder = new TemporaryFolder();
        string rootPath = folder.Write(DemoInside.InitrdFile, root);
        VmOptions options = InVm(kernel, ThisProgram.Command, rootPath, updates, memory, cpus, guests, seed, smallPages) with
        {
            FilesInMemory = fromShare ? [] : ProgramFiles.Mapped(),
            Output = static line =>
            {
                if (line.Source is VmOutputSource.StandardOutput or VmOutputSource.StandardError)
                {
                    Console.WriteLine(line.Text);
                }
            },
        };
        VmResult result = await VirtualMachine.RunAsync(options, cancellation);
        Console.WriteLine(result);
        return result.Outcome == VmOutcome.Passed ? 0 : 1;
    }

    /// <summary>Says how the demo runs inside a VM whose processor has virtualization.</summary>
    /// <param name="kernel">The kernel of the VM, and of a Linux guest in it.</param>
    /// <param name="program">The command that starts this program.</param>
    /// <param name="initrd">The path of the Linux guest's initial root.</param>
    /// <param name="updates">How many live updates.</param>
    /// <param name="memory">Each guest's RAM in MiB.</param>
    /// <param name="cpus">Its vCPUs.</param>
    /// <param name="guests">What runs.</param>
    /// <param name="seed">The seed of the moments, or null.</param>
    /// <param name="smallPages">Whether the guests' RAM is in folios of 4 KiB.</param>
    internal static VmOptions InVm(
        KernelBuild kernel,
        IReadOnlyList<string> program,
        string initrd,
        int updates,
        int memory,
        int cpus,
        string[] guests,
        int? seed,
        bool smallPages = false) =>
        new()
        {
            Kernel = kernel,
            Command =
            [
                .. program,
                .. DemoInside.Words(new DemoOptions
                {
                    Updates = updates,
                    Memory = (long)memory << 20,
                    Cpus = cpus,
                    Seed = seed,
                    HugePages = !smallPages,
                    Programs = [],
                }),
                .. guests,
            ],
            Files = new Dictionary<string, string> { [DemoInside.KernelFile] = kernel.ImagePath, [DemoInside.InitrdFile] = initrd },

            // QEMU's translation has AMD's virtualization, and not Intel's.
            CpuModel = "EPYC,+svm,+npt",
            Accelerator = VmAccelerator.Tcg,

            // With two translated processors QEMU mixes up guest and host once in some tens of kernels (docs/vmm-checklist.md).
            Cpus = 1,
            KernelCommandLine = [HugePages.KernelWord],
            ExpectedKernels = updates + 1,
            MemoryMiB = (memory * guests.Length) + HostMiB,
            TimeLimit = TimeSpan.FromHours(1),
        };
}

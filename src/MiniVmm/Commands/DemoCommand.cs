using System.CommandLine;
using LuoInterop;
using LuoInterop.VmTesting;
using MiniVmm.Demo;
using MiniVmm.Update;

namespace MiniVmm.Commands;

/// <summary>Shows a Linux guest that goes on through live updates.</summary>
internal static class DemoCommand
{
    private const string KernelFile = "guest-kernel";
    private const string InitrdFile = "guest-initrd";

    public static Command Create()
    {
        var updates = new Option<int>("--updates") { Description = "How many kernels to go through.", DefaultValueFactory = static _ => 3 };
        var memory = new Option<int>("--memory") { Description = "The guest's RAM in MiB.", DefaultValueFactory = static _ => 256 };
        var cpus = new Option<int>("--cpus") { Description = "Its vCPUs, 1 to 4.", DefaultValueFactory = static _ => 2 };
        var initrd = new Option<FileInfo?>("--initrd") { Description = "Another initial RAM disk than the one made here." };
        var command = new Command("demo", "Runs a Linux guest in QEMU, and replaces the kernel under it.") { updates, memory, cpus, initrd };
        command.SetAction(async (arguments, cancellation) => Guest.IsInside
            ? Inside(arguments.GetValue(updates), (long)arguments.GetValue(memory) << 20, arguments.GetValue(cpus))
            : await OutsideAsync(
                arguments.GetValue(updates), arguments.GetValue(memory), arguments.GetValue(cpus), arguments.GetValue(initrd), cancellation));
        return command;
    }

    private static async Task<int> OutsideAsync(int updates, int memory, int cpus, FileInfo? initrd, CancellationToken cancellation)
    {
        KernelBuild kernel = await KernelBuild.GetAsync(progress: KernelBuild.ShowProgress, cancellationToken: cancellation);
        VmResult result = await VirtualMachine.RunAsync(
            new VmOptions
            {
                Kernel = kernel,
                Command =
                [
                    .. ThisProgram.Command, "demo", "--updates", $"{updates}", "--memory", $"{memory}", "--cpus", $"{cpus}",
                ],
                Files = new Dictionary<string, string>
                {
                    [KernelFile] = kernel.ImagePath, [InitrdFile] = initrd!.FullName,
                },
                CpuModel = "EPYC,+svm,+npt",
                Accelerator = VmAccelerator.Tcg,
                ExpectedKernels = updates + 1,
                MemoryMiB = memory + 1024,
                TimeLimit = TimeSpan.FromMinutes(30),
                Output = static line =>
                {
                    if (line.Source is VmOutputSource.StandardOutput or VmOutputSource.StandardError)
                    {
                        Console.WriteLine(line.Text);
                    }
                },
            },
            cancellation);
        Console.WriteLine(result);
        return result.Outcome == VmOutcome.Passed ? 0 : 1;
    }

    private static int Inside(int updates, long memory, int cpus)
    {
        UpdateClock clock = UpdateClock.OfThisProcess();
        using Guest guest = Guest.Open();
        var options = new DemoOptions
        {
            Updates = updates,
            Memory = memory,
            Cpus = cpus,
            CommandLine = "console=ttyS0 no_timer_check panic=-1 loglevel=4",
            Kernel = static () => File.ReadAllBytes(Path.Combine(Guest.FilesFolder, KernelFile)),
            Initrd = static () => File.ReadAllBytes(Path.Combine(Guest.FilesFolder, InitrdFile)),
        };
        return new DemoProgram(
            Kernel.Linux,
            clock,
            options,
            () => KexecImage.Load(Kernel.Linux, guest.NextKernelImagePath, Guest.InitrdPath, guest.NextCommandLine),
            Console.Out,
            Guest.Flush).Run();
    }
}

using System.CommandLine;
using LuoInterop;
using MiniVmm.Boot;
using MiniVmm.Machine;
using MiniVmm.Memory;

namespace MiniVmm.Commands;

/// <summary>Starts a guest.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var kernel = new Option<FileInfo>("--kernel") { Description = "The guest's kernel, a bzImage.", Required = true };
        var initrd = new Option<FileInfo?>("--initrd") { Description = "Its initial RAM disk." };
        var commandLine = new Option<string>("--cmdline")
        {
            Description = "Its command line.", DefaultValueFactory = static _ => "console=ttyS0 no_timer_check panic=-1",
        };
        var memory = new Option<int>("--memory") { Description = "Its RAM in MiB.", DefaultValueFactory = static _ => 256 };
        var cpus = new Option<int>("--cpus") { Description = "Its vCPUs, 1 to 4.", DefaultValueFactory = static _ => 1 };
        var command = new Command("run", "Starts a guest, and shows its console.") { kernel, initrd, commandLine, memory, cpus };
        command.SetAction(arguments => Run(
            arguments.GetValue(kernel)!,
            arguments.GetValue(initrd),
            arguments.GetValue(commandLine)!,
            (long)arguments.GetValue(memory) << 20,
            arguments.GetValue(cpus)));
        return command;
    }

    private static int Run(FileInfo image, FileInfo? initrd, string commandLine, long memory, int cpus)
    {
        byte[] kernel = File.ReadAllBytes(image.FullName);
        byte[] root = initrd is null ? [] : File.ReadAllBytes(initrd.FullName);
        Stream output = Console.OpenStandardOutput();
        using var machine = new GuestMachine(Kernel.Linux, GuestRam.Create(Kernel.Linux, memory), cpus, value => output.WriteByte(value));
        BootEntry entry = LinuxBoot.Load(machine.Ram, kernel, root, commandLine, cpus);
        machine.Boot([entry], CpuidMaskKind.Auto);
        if (CpuidMask.Describe(machine.Mask) is { } hidden)
        {
            Console.Error.WriteLine($"minivmm: {hidden}");
        }

        machine.Resume();
        MachineEnd end = machine.Ended.GetAwaiter().GetResult();
        Console.Error.WriteLine($"minivmm: {end.Reason}");
        return end.IsFailure ? 1 : 0;
    }
}

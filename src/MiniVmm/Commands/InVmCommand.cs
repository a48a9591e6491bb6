using System.CommandLine;
using LuoInterop.VmTesting;

namespace MiniVmm.Commands;

/// <summary>Runs a command of this program inside a VM whose processor has virtualization, as a host under test.</summary>
internal static class InVmCommand
{
    public static Command Create()
    {
        var words = new Argument<string[]>("command") { Description = "The command and its options.", Arity = ArgumentArity.OneOrMore };
        var show = new Option<string[]>("--show") { Description = "A folder under /tmp that the VM must see." };
        var console = new Option<bool>("--console") { Description = "Shows the VM's kernel console too." };
        var command = new Command("in-vm", "Runs a command of minivmm in QEMU, on Linux 7.3 with KVM.") { show, console, words };
        command.SetAction(async (arguments, cancellation) =>
        {
            bool showConsole = arguments.GetValue(console);
            KernelBuild kernel = await KernelBuild.GetAsync(progress: KernelBuild.ShowProgress, cancellationToken: cancellation);
            VmResult result = await VirtualMachine.RunAsync(
                new VmOptions
                {
                    Kernel = kernel,
                    Command = [.. ThisProgram.Command, .. arguments.GetValue(words)!],
                    CpuModel = "EPYC,+svm,+npt",
                    Accelerator = VmAccelerator.Tcg,
                    MemoryMiB = 2048,
                    ShownFolders = arguments.GetValue(show) ?? [],
                    Output = line =>
                    {
                        if (line.Source is VmOutputSource.StandardOutput or VmOutputSource.StandardError || showConsole)
                        {
                            Console.WriteLine(line.Text);
                        }
                    },
                },
                cancellation);
            Console.WriteLine(result);
            return result.Outcome == VmOutcome.Passed ? 0 : 1;
        });
        return command;
    }
}

using System.Globalization;
using LuoInterop.VmTesting;

namespace LuoInterop.Demo;

/// <summary>Runs the same program in a VM, on the real kernel.</summary>
internal static class VmDemo
{
    private const int SystemMiB = 1024;

    public static async Task<int> RunAsync(long ramSize, bool json, CancellationToken cancellation)
    {
        KernelBuild kernel = await KernelBuild.GetAsync(progress: KernelBuild.ShowProgress, cancellationToken: cancellation);
        string ram = (ramSize >> 20).ToString(CultureInfo.InvariantCulture);
        string[] command = [.. ThisProgram.Command, "--on", "linux", "--ram", ram];
        VmResult result = await VirtualMachine.RunAsync(
            new VmOptions
            {
                Kernel = kernel,
                Command = json ? [.. command, "--json"] : command,
                ExpectedKernels = 2,
                MemoryMiB = (int)(ramSize >> 20) + SystemMiB,
                Output = static line =>
                {
                    if (line.Source == VmOutputSource.StandardOutput)
                    {
                        Console.WriteLine(line.Text);
                    }
                    else if (line.Source == VmOutputSource.StandardError)
                    {
                        Console.Error.WriteLine(line.Text);
                    }
                },
            },
            cancellation);
        if (result.Outcome != VmOutcome.Passed)
        {
            Console.Error.WriteLine(result);
            return 1;
        }

        if (!json)
        {
            foreach (KernelBoot boot in result.Kernels)
            {
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"kernel {boot.Stage}: Linux {boot.Release}, up {boot.Announced.TotalSeconds:N1} s after the VM was switched on, "
                        + $"ran {boot.Duration.TotalSeconds:N1} s"));
            }

            Console.WriteLine($"run in QEMU with {result.Accelerator}; all in all "
                + $"{result.Duration.TotalSeconds.ToString("N1", CultureInfo.InvariantCulture)} s");
        }

        return 0;
    }
}

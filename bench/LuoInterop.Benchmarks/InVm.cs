using LuoInterop.VmTesting;

namespace LuoInterop.Benchmarks;

/// <summary>Runs the measurements beside files in a VM, where RLIMIT_NOFILE can be raised when the host's cannot.</summary>
/// <remarks>Emulated or not, the VM is slower than the host: its growth can be compared, its times cannot.</remarks>
internal static class InVm
{
    public static async Task<int> RunAsync()
    {
        VmResult result = await VirtualMachine.RunAsync(new VmOptions
        {
            Kernel = await KernelBuild.GetAsync(progress: KernelBuild.ShowProgress),
            Command = [.. ThisProgram.Command, "--only", "files"],
            MemoryMiB = 4096,
            TimeLimit = TimeSpan.FromHours(1),
            KernelTimeLimit = TimeSpan.FromHours(1),
            Output = static line =>
            {
                if (line.Source == VmOutputSource.StandardOutput)
                {
                    Console.WriteLine(line.Text);
                }
            },
        });
        Console.Error.WriteLine(result.Outcome == VmOutcome.Passed ? $"run in QEMU with {result.Accelerator}" : result.ToString());
        return result.Outcome == VmOutcome.Passed ? 0 : 1;
    }
}

using System.Diagnostics;
using LuoInterop.Tests.Shared;
using LuoInterop.VmTesting;
using MiniVmm.Commands;
using MiniVmm.Guests;
using Xunit;

namespace MiniVmm.Tests.Vm;

/// <summary>Publishes MiniVmm natively, once for all tests: under a translated processor .NET takes seconds to start.</summary>
public sealed class NativeMiniVmm : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("minivmm-native-").FullName;

    public NativeMiniVmm()
    {
        string project = Path.Combine(Repository.Root, "src/MiniVmm/MiniVmm.csproj");
        ProcessStartInfo start = new("dotnet", ["publish", project, "-c", "Release", "--nologo", "-v", "quiet", "-o", _folder])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process publish = Process.Start(start)!;
        Task<string> errors = publish.StandardError.ReadToEndAsync();
        string output = publish.StandardOutput.ReadToEnd() + errors.GetAwaiter().GetResult();
        publish.WaitForExit();
        Assert.True(publish.ExitCode == 0, output);
        Assert.DoesNotMatch(@"\bwarning\b", output);
    }

    /// <summary>Gets the executable.</summary>
    public string Program => Path.Combine(_folder, "minivmm");

    /// <summary>Runs the demo inside a VM whose processor has virtualization.</summary>
    public async Task<VmResult> RunAsync(int updates, int memoryMiB, params string[] guests)
    {
        KernelBuild kernel = await KernelBuild.GetAsync();
        string initrd = Path.Combine(_folder, "guest-initrd");
        if (!File.Exists(initrd))
        {
            await File.WriteAllBytesAsync(initrd, GuestInitrd.Create());
        }

        return await VirtualMachine.RunAsync(DemoCommand.InVm(
            kernel, [Program], initrd, updates, memoryMiB, cpus: 2, guests, seed: 7));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}

using System.Diagnostics;
using LuoInterop.Tests.Shared;
using LuoInterop.VmTesting;
using MiniVmm.Commands;
using MiniVmm.Guests;
using Xunit;

namespace MiniVmm.Tests.Vm;

/// <summary>Publishes MiniVmm natively, once for all tests: on a translated processor .NET takes seconds to start.</summary>
internal static class NativeMiniVmm
{
    private static readonly string s_folder = Path.Combine(AppContext.BaseDirectory, "native");
    private static readonly Lazy<string> s_program = new(Publish);
    private static readonly Lazy<string> s_initrd = new(MakeInitrd);

    /// <summary>Gets the executable.</summary>
    public static string Program => s_program.Value;

    /// <summary>Gets the Linux guest's initial root.</summary>
    public static string Initrd => s_initrd.Value;

    /// <summary>Runs the demo inside a VM whose processor has virtualization.</summary>
    public static async Task<VmResult> RunAsync(int updates, int memoryMiB, params string[] guests) =>
        await VirtualMachine.RunAsync(
            DemoCommand.InVm(await KernelBuild.GetAsync(), [Program], Initrd, updates, memoryMiB, cpus: 2, guests, seed: 7) with
            {
                ShownFolders = [s_folder],
            });

    private static string Publish()
    {
        string project = Path.Combine(Repository.Root, "src/MiniVmm/MiniVmm.csproj");
        ProcessStartInfo start = new("dotnet", ["publish", project, "-c", "Release", "--nologo", "-v", "quiet", "-o", s_folder])
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
        return Path.Combine(s_folder, "minivmm");
    }

    private static string MakeInitrd()
    {
        string path = Path.Combine(Directory.CreateDirectory(s_folder).FullName, "guest-initrd");
        File.WriteAllBytes(path, GuestInitrd.Create());
        return path;
    }
}

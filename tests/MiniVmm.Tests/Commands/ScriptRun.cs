using System.Text;
using System.Text.Json;
using LuoInterop.VmTesting;
using MiniVmm.Guests;
using MiniVmm.Tests.Vm;
using Xunit;

namespace MiniVmm.Tests.Commands;

/// <summary>Is the script that uses minivmm as a person does.</summary>
public sealed class CommandsRun() : ScriptRun("commands.sh");

/// <summary>Boots one VM in which a script uses minivmm, through three kernels, and holds what came of it.</summary>
public abstract class ScriptRun(string script) : IAsyncLifetime
{
    private const string Steps = "steps.sh";
    private const string Initrd = "guest-initrd";

    /// <summary>Gets how the run ended.</summary>
    public VmResult Result { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        string folder = AppContext.BaseDirectory;
        Result = await VirtualMachine.RunAsync(new VmOptions
        {
            Kernel = await KernelBuild.GetAsync(),
            Command = ["/bin/sh", Path.Combine(folder, "Commands", script)],
            WorkingFolder = folder,
            Environment = new Dictionary<string, string>
            {
                ["M"] = NativeMiniVmm.Program, ["STEPS"] = Path.Combine(folder, "Commands", Steps),
            },
            Files = new Dictionary<string, string> { [Initrd] = NativeMiniVmm.Initrd },
            CpuModel = "EPYC,+svm,+npt",
            Accelerator = VmAccelerator.Tcg,

            // With two translated processors QEMU mixes up guest and host once in some tens of kernels (docs/vmm-checklist.md).
            Cpus = 1,
            ExpectedKernels = 3,
            MemoryMiB = 1536,
            TimeLimit = TimeSpan.FromMinutes(20),
            KernelTimeLimit = TimeSpan.FromMinutes(10),
            ShownFolders = [Path.GetDirectoryName(NativeMiniVmm.Program)!],
        });
    }

    public Task DisposeAsync() => Task.CompletedTask;

    /// <summary>Gets what a step of the script wrote, and its exit code in the last line.</summary>
    public string this[string step] =>
        Encoding.UTF8.GetString(Result.Files.Single(file => file.Name == step).Content.Span);

    /// <summary>Gets the VMs of a step that wrote JSON, by name.</summary>
    internal Dictionary<string, JsonElement> Vms(string step)
    {
        string text = this[step];
        using JsonDocument document = JsonDocument.Parse(text[..text.LastIndexOf("exit ", StringComparison.Ordinal)]);
        return document.RootElement.EnumerateArray().ToDictionary(
            static vm => vm.GetProperty("name").GetString()!, static vm => vm.Clone());
    }

    /// <summary>Requires that a step said something, ended with a code, and showed nobody a stack.</summary>
    public void MustHaveSaid(string step, int code, string text)
    {
        Assert.Contains(text, this[step], StringComparison.Ordinal);
        Assert.EndsWith($"exit {code}\n", this[step], StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", this[step], StringComparison.Ordinal);
    }
}

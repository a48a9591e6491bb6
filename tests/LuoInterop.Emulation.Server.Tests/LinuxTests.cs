using LuoInterop.Emulation.Server.Tests.Support;
using LuoInterop.VmTesting;

namespace LuoInterop.Emulation.Server.Tests;

/// <summary>Runs programs that expect something of each call on Linux in the VM: it is Linux that they expect it of.</summary>
[Trait("Category", "VM")]
public sealed class LinuxTests
{
    [Fact]
    public async Task ProgramsThatExpect_AreMetByLinux()
    {
        string[] programs = [CProgram.Build("places"), CProgram.Build("readonly"), CProgram.Build("starting")];
        VmResult result = await VirtualMachine.RunAsync(new VmOptions
        {
            Kernel = await KernelBuild.GetAsync(),
            Command = ["/bin/sh", "-ec", string.Join('\n', programs)],
            ShownFolders = [Path.GetDirectoryName(programs[0])!],
            WorkingFolder = "/",
            Accelerator = VmAccelerator.Tcg,
            MemoryMiB = 1024,
        });
        result.EnsurePassed();
        Assert.Equal("", result.StandardError);
    }
}

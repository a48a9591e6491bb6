using Xunit;

namespace LuoInterop.VmTesting.Tests;

/// <summary>Gives the VM tests their kernel, built once a machine, and the payload's program.</summary>
public sealed class KernelFixture : IAsyncLifetime
{
    public KernelBuild Kernel { get; private set; } = null!;

    public static string Payload { get; } = Path.Combine(AppContext.BaseDirectory, "LuoInterop.VmTesting.Payload.dll");

    public async Task InitializeAsync() => Kernel = await KernelBuild.GetAsync(progress: Console.WriteLine);

    public Task DisposeAsync() => Task.CompletedTask;

    public VmOptions Shell(string script) => new()
    {
        Kernel = Kernel,
        Command = ["/bin/sh", "-c", script],
        WorkingFolder = "/",
        Accelerator = VmAccelerator.Tcg,
        MemoryMiB = 1024,
    };
}

using LuoInterop.VmTesting;
using Xunit;

namespace MiniVmm.Tests.Vm;

/// <summary>Runs guests through live update after live update, at random moments, on Linux and its KVM.</summary>
public abstract class SoakRun(int updates, params string[] guests) : IAsyncLifetime
{
    /// <summary>Gets the number of live updates.</summary>
    public int Updates => updates;

    /// <summary>Gets what came of it.</summary>
    public VmResult Result { get; private set; } = null!;

    public async Task InitializeAsync() => Result = await NativeMiniVmm.RunAsync(updates, memoryMiB: 96, guests);

    public Task DisposeAsync() => Task.CompletedTask;
}

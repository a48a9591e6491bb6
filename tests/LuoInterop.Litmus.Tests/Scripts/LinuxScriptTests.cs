using LuoInterop.Litmus;
using LuoInterop.Tests.Shared;
using LuoInterop.VmTesting;
using Xunit;

namespace LuoInterop.Litmus.Tests.Scripts;

/// <summary>Replays every script of <c>tests/litmus</c> that is not of a preview on Linux, and holds what each observed.</summary>
public sealed class LinuxScriptRun : IAsyncLifetime
{
    internal IReadOnlyDictionary<string, LitmusResult> Results { get; private set; } = null!;

    public async Task InitializeAsync() => Results = await ScriptFiles.ReplayAsync(
        new VmReplay { Kernel = await KernelBuild.GetAsync(), Command = [NativePrograms.Luoctl] }.RunAsync);

    public Task DisposeAsync() => Task.CompletedTask;
}

/// <summary>Shows that Linux does what every script of <c>tests/litmus</c> that is not of a preview expects.</summary>
[Trait("Category", "VM")]
public sealed class LinuxScriptTests(LinuxScriptRun run) : IClassFixture<LinuxScriptRun>
{
    public static TheoryData<string> Names => [.. ScriptFiles.OfLinux];

    [Theory]
    [MemberData(nameof(Names))]
    public void Script_Holds(string name) => ScriptFiles.AssertMet(run.Results[name]);
}

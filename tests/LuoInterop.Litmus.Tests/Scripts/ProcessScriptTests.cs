using LuoInterop.Litmus;
using Xunit;

namespace LuoInterop.Litmus.Tests.Scripts;

/// <summary>Replays every script of <c>tests/litmus</c> that is not of a preview by processes whose calls the emulated kernel traps, and
/// holds what each observed.</summary>
public sealed class ProcessScriptRun : IAsyncLifetime
{
    internal IReadOnlyDictionary<string, LitmusResult> Results { get; private set; } = null!;

    public async Task InitializeAsync() =>
        Results = await ScriptFiles.ReplayAsync(
            new ProgramReplay { Command = ["dotnet", Path.Combine(AppContext.BaseDirectory, "luoctl.dll")] }.RunAsync);

    public Task DisposeAsync() => Task.CompletedTask;
}

/// <summary>Shows that a process sees of the emulated kernel what every script of <c>tests/litmus</c> expects, which Linux does.</summary>
[Collection(Alone.Name)]
public sealed class ProcessScriptTests(ProcessScriptRun run) : IClassFixture<ProcessScriptRun>
{
    public static TheoryData<string> Names => [.. ScriptFiles.OfLinux];

    [Theory]
    [MemberData(nameof(Names))]
    public void Script_Holds(string name) => ScriptFiles.AssertMet(run.Results[name]);
}

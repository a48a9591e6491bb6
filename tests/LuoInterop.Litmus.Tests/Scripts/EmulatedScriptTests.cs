using LuoInterop.Litmus;
using Xunit;

namespace LuoInterop.Litmus.Tests.Scripts;

/// <summary>Replays every script of <c>tests/litmus</c> on the emulated kernel: it observes what Linux does.</summary>
public sealed class EmulatedScriptTests
{
    public static TheoryData<string> Names => [.. ScriptFiles.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Script_Holds(string name)
    {
        using var replay = new EmulatedReplay();
        ScriptFiles.AssertMet(replay.Run(ScriptFiles.Read(name)));
    }
}

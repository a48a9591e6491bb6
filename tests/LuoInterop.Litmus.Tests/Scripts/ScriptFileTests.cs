using LuoInterop.Litmus;
using Xunit;

namespace LuoInterop.Litmus.Tests.Scripts;

/// <summary>Holds the form of the scripts of <c>tests/litmus</c>: what each states, and that it states it of every line.</summary>
public sealed class ScriptFileTests
{
    public static TheoryData<string> Names => [.. ScriptFiles.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Script_WritesItselfBack(string name)
    {
        LitmusScript script = ScriptFiles.Read(name);
        LitmusScript again = LitmusScript.Parse(name, script.ToText());
        Assert.Equal(script.ToText(), again.ToText());
        Assert.Equal(
            script.Lines.Select(static line => (line.Text, line.Expected)), again.Lines.Select(static line => (line.Text, line.Expected)));
        Assert.Equal((script.Kernels, script.IsAlone), (again.Kernels, again.IsAlone));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Script_StatesItsRuleFirst_AndExpectsSomethingOfEveryLine(string name)
    {
        Assert.StartsWith("# ", ScriptFiles.Text(name), StringComparison.Ordinal);
        Assert.DoesNotContain(ScriptFiles.Read(name).Lines, static line => line.Expected is null);
    }

    [Fact]
    public void OnlyScriptsOfPreviews_AreKeptFromLinux() => Assert.Equal(
        ScriptFiles.Names.Where(static name => name.StartsWith("previews/", StringComparison.Ordinal)),
        ScriptFiles.Names.Except(ScriptFiles.OfLinux));
}

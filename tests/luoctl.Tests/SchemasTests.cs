using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Cli.Tests;

/// <summary>Holds the schemas of commands that have their other tests elsewhere, and that each command with JSON has one.</summary>
public sealed class SchemasTests
{
    [Fact]
    public void Replay_IsAsItsSchemaSays() =>
        Schemas.Hold("replay", Luoctl.Run("replay", "--json", Path.Combine(Repository.Root, "tests/litmus/selftests")).Output);

    [Fact]
    public void HugeTlb_IsAsItsSchemaSays() => Schemas.Hold("emulate-hugetlb", Luoctl.Run("emulate", "hugetlb", "--json").Output);

    [Fact]
    public void EveryCommandWithJson_HasASchema() => Assert.Equal(
        CommandTree.WithJson().Order(StringComparer.Ordinal),
        Directory.GetFiles(Schemas.Folder, "*.json").Select(static file => Path.GetFileNameWithoutExtension(file))
            .Order(StringComparer.Ordinal));
}

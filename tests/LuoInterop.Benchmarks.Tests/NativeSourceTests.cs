using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Benchmarks.Tests;

/// <summary>Compiles the C files that a benchmark or a package compiles when it runs, as they do.</summary>
public sealed class NativeSourceTests
{
    public static TheoryData<string> Sources =>
        [.. Directory.GetFiles(Path.Combine(Repository.Root, "native"), "*.c").Select(path => Path.GetFileName(path))];

    [Theory]
    [MemberData(nameof(Sources))]
    public void CFile_CompilesWithoutAWarning(string name)
    {
        (int code, _, string error) = ChildProgram.RunProgram(
            "gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", Path.Combine(Repository.Root, "native", name));
        Assert.True(code == 0, error);
    }
}

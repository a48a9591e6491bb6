using System.Text.RegularExpressions;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Systemd.Tests;

/// <summary>Keeps the C# of docs/systemd.md what a compiler has seen.</summary>
public sealed partial class SystemdPageTests
{
    [Fact]
    public void Program_IsThatOfTheCounter()
    {
        string program = File.ReadAllText(Path.Combine(Repository.Root, "tests/programs/LuoInterop.Systemd.Counter/Program.cs"));
        Assert.Equal(program, Examples()[0]);
    }

    [Fact]
    public void StoreByItself_IsTheCodeBelow()
    {
        string code = File.ReadAllText(Path.Combine(Repository.Root, "tests/LuoInterop.Systemd.Tests/SystemdPageTests.cs"));
        Assert.Equal(2, Examples().Length);
        Assert.Contains(Squeeze(Examples()[1]), Squeeze(code), StringComparison.Ordinal);
        using Memfd memfd = Memfd.Create(Kernel.Linux, "page", 1);
        Assert.NotEqual(
            FileDescriptorStore.TryOpen(out _, out _), Record.Exception(() => Use(memfd)) is FileDescriptorStoreException);
    }

    private static void Use(Memfd memfd)
    {
        FileDescriptorStore store = FileDescriptorStore.Open();
        if (!store.Received.TryTake("state", out KernelHandle? handle))
        {
            // nothing was kept
        }

        store.Store("state", memfd.Handle);     // in the place of what was there
        store.Remove("state");
        store.Barrier();
        handle?.Dispose();
    }

    private static string[] Examples() =>
    [
        .. Example().Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs/systemd.md")))
            .Select(static match => match.Groups[1].Value),
    ];

    private static string Squeeze(string text) => Space().Replace(text, " ");

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}

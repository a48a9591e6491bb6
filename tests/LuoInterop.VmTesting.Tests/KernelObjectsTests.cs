using System.Globalization;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.VmTesting.Tests;

/// <summary>Proves that the recipe knows how many objects its kernel has: progress is counted against that.</summary>
[Trait("Category", "VM")]
public sealed class KernelObjectsTests(KernelFixture fixture) : IClassFixture<KernelFixture>
{
    [Fact]
    public void Build_HasAboutAsManyObjectsAsTheRecipeSays()
    {
        double said = Number(Path.Combine(Repository.Root, "src", "LuoInterop.VmTesting", "Kernel", "luo-kernel.objects"));
        int built = Number(Path.Combine(fixture.Kernel.Folder!, "objects"));
        Assert.InRange(built, (int)(0.9 * said), (int)(1.1 * said));
    }

    private static int Number(string path) => int.Parse(File.ReadAllText(path), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);
}

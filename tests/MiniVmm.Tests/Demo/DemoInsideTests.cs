using LuoInterop.VmTesting;
using MiniVmm.Demo;
using MiniVmm.Guests;
using Xunit;

namespace MiniVmm.Tests.Demo;

/// <summary>Shows that the demo's two halves understand each other: what the host says is what is read inside.</summary>
public sealed class DemoInsideTests
{
    [Theory]
    [InlineData(3, 256L << 20, 2, null, true)]
    [InlineData(0, 4096, 1, 0, false)]
    [InlineData(int.MaxValue, long.MaxValue, 4, int.MinValue, true)]
    public void Words_AreReadAsTheyWereWritten(int updates, long memory, int cpus, int? seed, bool hugePages)
    {
        var options = new DemoOptions
        {
            Updates = updates, Memory = memory, Cpus = cpus, Seed = seed, HugePages = hugePages, Programs = [],
        };

        DemoOptions read = DemoInside.Read([.. DemoInside.Words(options), PatternProgram.Kind, SelfCheckProgram.Kind, "linux,quiet,a=b"]);

        Assert.Equal(options with { Programs = read.Programs }, read);
        Assert.Collection(
            read.Programs,
            static program => Assert.IsType<PatternProgram>(program),
            static program => Assert.IsType<SelfCheckProgram>(program),
            static program => Assert.IsType<LinuxProgram>(program));
    }

    [Theory]
    [InlineData("windows")]
    [InlineData("")]
    public void UnknownGuest_IsNamed(string kind) => Assert.Contains(
        $"'{kind}'",
        Assert.Throws<FormatException>(() => DemoInside.Read(["demo-inside", "1", "4096", "1", "-", "2M", kind])).Message,
        StringComparison.Ordinal);

    [Fact]
    public void OutsideOfAVm_ItSaysWhatItIs()
    {
        Assert.False(Guest.IsInside);
        Assert.Equal(2, DemoInside.Run(["demo-inside", "1", "4096", "1", "-", "2M", PatternProgram.Kind]));
    }

    [Fact]
    public void ProgramFiles_AreTheExecutableAndItsLibraries()
    {
        IReadOnlyList<string> files = ProgramFiles.Mapped();
        Assert.Contains(files, static path => Path.GetFileName(path).StartsWith("libc.so", StringComparison.Ordinal)
            || Path.GetFileName(path).StartsWith("ld-", StringComparison.Ordinal));
        Assert.All(files, static path => Assert.True(Path.IsPathFullyQualified(path) && File.Exists(path), path));
        Assert.Equal(files.Distinct(), files);
    }
}

using LuoInterop.Interop;
using LuoInterop.Kvm.Interop;

namespace LuoInterop.Abi.Tests;

/// <summary>Proves each constant and each request number against the kernel's headers.</summary>
public sealed class ConstantTests
{
    public static TheoryData<string> Names =>
        [.. AbiTable.Constants.Where(entry => entry.Headers.Length > 0).Select(entry => entry.Type.FullName!)];

    [Theory]
    [Trait("Category", "Kernel")]
    [MemberData(nameof(Names))]
    public async Task Constants_HaveTheValuesOfTheKernelsHeader(string name)
    {
        IReadOnlyList<ConstantExpectation> constants = ConstantExpectation.Of(Entry(name));
        Assert.NotEmpty(constants);
        foreach (string program in Probe.Write(constants))
        {
            await CCompiler.AssertHoldsAgainstKernelAsync(name, program);
        }
    }

    /// <summary>Each assertion is able to fail: with all values off by one, the compiler refuses all of them.</summary>
    [Theory]
    [Trait("Category", "Kernel")]
    [MemberData(nameof(Names))]
    public async Task Constants_WithEveryValueWrong_AreRefusedInEveryAssertion(string name)
    {
        ConstantExpectation[] wrong =
            [.. ConstantExpectation.Of(Entry(name)).Select(constant => constant with { Value = constant.Value + 1 })];
        int refused = 0;
        foreach (string program in Probe.Write(wrong))
        {
            Verdict verdict = await CCompiler.CheckAgainstKernelAsync(name, program);
            Assert.False(verdict.Accepted);
            refused += verdict.FailedAssertions;
        }

        Assert.Equal(wrong.Length, refused);
    }

    /// <summary>A number that a newer kernel adds to these families shows up here.</summary>
    [Theory]
    [Trait("Category", "Kernel")]
    [InlineData("linux/liveupdate.h", "LIVEUPDATE_", typeof(LiveUpdateHeader))]
    [InlineData("linux/memfd.h", "MFD_", typeof(MemfdHeader))]
    [InlineData("linux/fcntl.h", "F_SEAL_", typeof(FcntlHeader))]
    [InlineData("linux/kvm.h", "GUEST_MEMFD_", typeof(KvmHeader))]
    [InlineData("linux/kvm.h", "KVM_MEM_", typeof(KvmHeader))]
    public async Task Header_HasNoMacroThatIsNotDeclared(string header, string prefix, Type declarations)
    {
        string[] macros =
            [.. (await CCompiler.ListKernelMacrosAsync(header)).Where(macro => macro.StartsWith(prefix, StringComparison.Ordinal))];
        Assert.NotEmpty(macros);
        HashSet<string> declared = [.. Probe.ConstantFields(declarations).Select(field => field.Name)];
        Assert.DoesNotContain(macros, macro => !declared.Contains(macro) && TmdsConstant.Find(macro, arm64: false) is null);
    }

    /// <summary>The headers that answer are those of the series that the declarations state.</summary>
    [Fact]
    [Trait("Category", "Kernel")]
    public async Task Headers_AreThoseOfTheDeclaredSeries()
    {
        string[] version = ["linux/version.h"];
        string program = Assert.Single(Probe.Write(
        [
            new ConstantExpectation("LINUX_VERSION_MAJOR", version, KernelHeaders.Major),
            new ConstantExpectation("LINUX_VERSION_PATCHLEVEL", version, KernelHeaders.Minor),
        ]));
        await CCompiler.AssertHoldsAgainstKernelAsync("version", program);
    }

    private static ConstantsEntry Entry(string name) => AbiTable.Constants.Single(entry => entry.Type.FullName == name);
}

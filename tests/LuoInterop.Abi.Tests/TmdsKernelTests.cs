namespace LuoInterop.Abi.Tests;

/// <summary>Proves the structures of Tmds.LibC that the kernel itself reads or fills against the kernel's headers too.</summary>
[Trait("Category", "Kernel")]
public sealed class TmdsKernelTests
{
    private static readonly Dictionary<string, string> s_headers = new()
    {
        ["statx"] = "linux/stat.h",
        ["statx_timestamp"] = "linux/stat.h",
        ["pollfd"] = "asm/poll.h",
        ["iovec"] = "linux/uio.h",
        ["f_owner_ex"] = "linux/fcntl.h",
    };

    /// <summary>The structures that only the C library's headers declare, each with the reason.</summary>
    private static readonly Dictionary<string, string> s_onlyInLibc = new()
    {
        ["msghdr"] = "the kernel's headers for programs leave socket messages to the C library",
        ["cmsghdr"] = "the kernel's headers for programs leave socket messages to the C library",
        ["sockaddr"] = "the kernel's headers for programs leave socket addresses to the C library",
        ["sockaddr_un"] = "the kernel's headers for programs leave socket addresses to the C library",
        ["sigaction"] = "the C library's own, which it turns into the kernel's",
        ["termios"] = "the C library's own, which it turns into the kernel's",
    };

    public static TheoryData<string> Structures => [.. s_headers.Keys];

    [Fact]
    public void EveryStructure_HasAHeaderOrAReason()
    {
        string[] known = [.. s_headers.Keys, .. s_onlyInLibc.Keys];
        Assert.Distinct(known);
        Assert.Equal(BuiltCode.Types.Where(type => !BuiltCode.IsNumber(type)).Select(type => type.Name).Order(), known.Order());
        Assert.All(s_onlyInLibc.Values, reason => Assert.False(string.IsNullOrWhiteSpace(reason)));
    }

    [Theory]
    [MemberData(nameof(Structures))]
    public async Task Structure_HasTheLayoutOfTheKernelsHeader(string name)
    {
        string program = Probe.Write(Expect(name));
        await CCompiler.AssertHoldsAgainstKernelAsync(name, program);
        Verdict arm64 = await CCompiler.CheckAgainstArm64Async(name, program);
        Assert.True(arm64.Accepted, arm64.Messages);
    }

    /// <summary>Each assertion is able to fail.</summary>
    [Theory]
    [MemberData(nameof(Structures))]
    public async Task Structure_WithEveryNumberWrong_IsRefusedInEveryAssertion(string name)
    {
        StructureExpectation right = Expect(name);
        StructureExpectation wrong = right with
        {
            Size = right.Size + 1,
            Fields = [
                .. right.Fields.Select(field => field with { Offset = field.Offset + 1, Size = field.Size + 1, Signed = !field.Signed })],
        };

        Verdict verdict = await CCompiler.CheckAgainstKernelAsync(name, Probe.Write(wrong));

        Assert.Equal(1 + wrong.Fields.Sum(field => field.Signed is null ? 2 : 3), verdict.FailedAssertions);
    }

    private static StructureExpectation Expect(string name)
    {
        Type type = typeof(LibC).Assembly.GetType($"{BuiltCode.Namespace}.{name}", throwOnError: true)!;
        return new StructureExpectation(
            $"struct {name}",
            s_headers[name],
            ManagedLayout.SizeOf(type),
            [.. TmdsTests.NamedFields(type).Select(field => new FieldExpectation(
                TmdsTests.CName(name, field.Name),
                ManagedLayout.OffsetOf(field),
                ManagedLayout.SizeOf(field.FieldType),
                ManagedLayout.IsSigned(field.FieldType)))]);
    }
}

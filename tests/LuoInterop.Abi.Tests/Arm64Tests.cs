using System.Reflection;

namespace LuoInterop.Abi.Tests;

/// <summary>Proves every constant and every structure of a system call against arm64's headers too.</summary>
public sealed class Arm64Tests
{
    public static TheoryData<string> Constants =>
        [.. AbiTable.Constants.Where(entry => entry.Headers.Length > 0 && entry.X86Because is null).Select(entry => entry.Type.FullName!)];

    public static TheoryData<string> Structures => [.. AbiTable.Structures.Select(entry => entry.Type.FullName!)];

    [Theory]
    [Trait("Category", "Kernel")]
    [MemberData(nameof(Constants))]
    public async Task Constants_HaveTheValuesOfArm64sHeader(string name)
    {
        ConstantsEntry entry = Entry(name);
        foreach (IGrouping<string, ConstantExpectation> group in Grouped(ConstantExpectation.Of(entry, arm64: true)))
        {
            Verdict verdict = await CheckAsync(Assert.Single(Probe.Write(group)));
            Assert.True(verdict.Accepted, $"arm64's headers disagree:\n{verdict.Messages}");
        }
    }

    /// <summary>What x86-64 declares does not hold on arm64 exactly where the code chooses by architecture,
    /// or says that it is x86's.</summary>
    [Theory]
    [Trait("Category", "Kernel")]
    [MemberData(nameof(Constants))]
    public async Task ConstantsThatDiffer_AreChosenByArchitecture(string name)
    {
        ConstantsEntry entry = Entry(name);
        FieldInfo[] fields = [.. Probe.ConstantFields(entry.Type).Where(field => !entry.NotInC.ContainsKey(field.Name))];
        List<string> differ = [];
        foreach (FieldInfo field in fields)
        {
            ConstantExpectation expected = ConstantExpectation.Of(entry, field, arm64: false);
            if (Probe.IsChosen(field) || entry.OnlyOnX86.ContainsKey(field.Name))
            {
                Verdict verdict = await CheckAsync(Assert.Single(Probe.Write([expected])));
                Assert.False(verdict.Accepted, $"{field.Name} is the same on arm64: a constant serves.");
                differ.Add(field.Name);
            }
        }

        Assert.Equal(
            fields.Where(field => !field.IsLiteral).Select(field => field.Name).Concat(entry.OnlyOnX86.Keys).Order(StringComparer.Ordinal),
            differ.Order(StringComparer.Ordinal));
    }

    /// <summary>The check is able to fail: with each value off by one, arm64's compiler refuses each line.</summary>
    [Theory]
    [Trait("Category", "Kernel")]
    [MemberData(nameof(Constants))]
    public async Task Constants_WithEveryValueWrong_AreRefusedInEveryLine(string name)
    {
        ConstantsEntry entry = Entry(name);
        foreach (IGrouping<string, ConstantExpectation> group in Grouped(ConstantExpectation.Of(entry, arm64: true)))
        {
            ConstantExpectation[] wrong = [.. group.Select(constant => constant with { Value = constant.Value + 1 })];
            Verdict verdict = await CheckAsync(Assert.Single(Probe.Write(wrong)));
            int headers = wrong[0].Headers.Length;
            Assert.Equal(Enumerable.Range(headers + 1, wrong.Length), verdict.RefusedLines(Name).Order());
        }
    }

    [Fact]
    [Trait("Category", "Kernel")]
    public async Task HeaderOfX86Alone_IsNoHeaderOfArm64()
    {
        string[] headers = [.. AbiTable.Constants.Where(entry => entry.X86Because is not null).SelectMany(entry => entry.Headers)];
        Assert.NotEmpty(headers);
        foreach (string header in headers)
        {
            Assert.StartsWith("asm/", header, StringComparison.Ordinal);
            Assert.False(await CCompiler.Arm64HasAsync(header), $"arm64 has {header}.");
        }

        Assert.True(await CCompiler.Arm64HasAsync("asm/unistd.h"));
    }

    [Theory]
    [Trait("Category", "Kernel")]
    [MemberData(nameof(Structures))]
    public async Task Structure_HasTheLayoutOfArm64sHeader_OrIsX86s(string name)
    {
        StructureEntry entry = AbiTable.Structures.Single(entry => entry.Type.FullName == name);
        Verdict verdict = await CCompiler.CheckAgainstArm64Async(Name, Probe.Write(StructureExpectation.Of(entry)));
        Assert.True(
            verdict.Accepted == entry.X86Because is null,
            $"the table says: {entry.X86Because ?? "the same on both"}; arm64's compiler says:\n{verdict.Messages}");
    }

    /// <summary>The choice follows the process, and both values of it are stated.</summary>
    [Fact]
    public void ChosenConstant_IsTheRunningArchitectures()
    {
        Interop.PerArchitecture number = new(X64: 1, Arm64: 2);
        int expected = System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture
            == System.Runtime.InteropServices.Architecture.Arm64 ? 2 : 1;
        Assert.Equal(expected, (int)number);
    }

    private const string Name = "probe";

    private static Task<Verdict> CheckAsync(string program) => CCompiler.CheckAgainstArm64Async(Name, program);

    private static IEnumerable<IGrouping<string, ConstantExpectation>> Grouped(IEnumerable<ConstantExpectation> constants) =>
        constants.GroupBy(constant => string.Join(' ', constant.Headers));

    private static ConstantsEntry Entry(string name) => AbiTable.Constants.Single(entry => entry.Type.FullName == name);
}

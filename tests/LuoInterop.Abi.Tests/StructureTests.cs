namespace LuoInterop.Abi.Tests;

/// <summary>Proves each raw structure against the kernel's headers.</summary>
public sealed class StructureTests
{
    public static TheoryData<string> Names => [.. AbiTable.Structures.Select(entry => entry.Type.Name)];

    [Theory]
    [Trait("Category", "Kernel")]
    [MemberData(nameof(Names))]
    public Task Structure_HasTheLayoutOfTheKernelsHeader(string name) =>
        CCompiler.AssertHoldsAgainstKernelAsync(name, Probe.Write(StructureExpectation.Of(Entry(name))));

    /// <summary>Each assertion of each probe is able to fail: with all numbers off by one, the compiler refuses all of them.</summary>
    [Theory]
    [Trait("Category", "Kernel")]
    [MemberData(nameof(Names))]
    public async Task Structure_WithEveryNumberWrong_IsRefusedInEveryAssertion(string name)
    {
        StructureExpectation right = StructureExpectation.Of(Entry(name));
        StructureExpectation wrong = right with
        {
            Size = right.Size + 1,
            Fields = [
                .. right.Fields.Select(field => field with { Offset = field.Offset + 1, Size = field.Size + 1, Signed = !field.Signed })],
        };

        Verdict verdict = await CCompiler.CheckAgainstKernelAsync(name, Probe.Write(wrong));

        Assert.False(verdict.Accepted);
        int assertions = 1 + wrong.Fields.Sum(field => field.Signed is null ? 2 : 3);
        Assert.Equal(assertions, verdict.FailedAssertions);
    }

    /// <summary>Fields that touch each other from the first byte to the last leave no room for a field that only C has.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Structure_NamesEveryByte_UnlessTheTableSaysWhy(string name)
    {
        StructureEntry entry = Entry(name);
        StructureExpectation structure = StructureExpectation.Of(entry);
        int end = 0;
        foreach (FieldExpectation field in structure.Fields.OrderBy(field => field.Offset))
        {
            Assert.True(field.Offset == end, $"{name}.{field.Name} is at {field.Offset}; the field before it ends at {end}");
            end += field.Size;
        }

        bool named = end == structure.Size;
        Assert.True(
            named == entry.PartialBecause is null,
            $"the fields of {name} end at {end} of {structure.Size} bytes, and the table says: {entry.PartialBecause ?? "all are named"}");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Structure_SignExemptions_NameIntegerFieldsThatExist(string name)
    {
        StructureEntry entry = Entry(name);
        IEnumerable<string> integers = ManagedLayout.FieldsOf(entry.Type)
            .Where(field => ManagedLayout.IsSigned(field.FieldType) is not null)
            .Select(field => field.Name);
        Assert.Subset(integers.ToHashSet(), entry.SignNotCompared.Keys.ToHashSet());
    }

    private static StructureEntry Entry(string name) => AbiTable.Structures.Single(entry => entry.Type.Name == name);
}

using System.Runtime.InteropServices;

namespace LuoInterop.Abi.Tests;

/// <summary>Refuses a raw declaration that no probe covers, and an entry of the table that covers nothing.</summary>
public sealed class CoverageTests
{
    [Fact]
    public void EveryRawStructure_IsProbedOrExemptByName()
    {
        HashSet<Type> declared = [.. Raw.Types.Where(type => type is { IsValueType: true, IsEnum: false, IsByRefLike: false })];
        List<Type> covered = [.. AbiTable.Structures.Select(entry => entry.Type), .. AbiTable.NotStructures.Keys];

        Assert.NotEmpty(declared);
        Assert.Distinct(covered);
        Assert.Equal(Names(declared), Names(covered));
    }

    [Fact]
    public void EveryRawConstant_IsProbedOrExemptByName()
    {
        HashSet<Type> declared = [.. Raw.Types.Where(type => (IsStatic(type) || type.IsEnum) && Probe.ConstantFields(type).Length > 0)];
        List<Type> covered = [.. AbiTable.Constants.Select(entry => entry.Type)];

        Assert.NotEmpty(declared);
        Assert.Distinct(covered);
        Assert.Equal(Names(declared), Names(covered.Where(Raw.Types.Contains)));
        foreach (ConstantsEntry entry in AbiTable.Constants)
        {
            HashSet<string> names = [.. Probe.ConstantFields(entry.Type).Select(field => field.Name)];
            Assert.All([.. entry.NotInC.Keys, .. entry.Forms.Keys, .. entry.OnlyOnX86.Keys], name => Assert.Contains(name, names));
            Assert.Equal(names.Count, ConstantExpectation.Of(entry).Count + entry.NotInC.Count);
            Assert.True(entry.Headers.Length > 0 || names.SetEquals(entry.NotInC.Keys), $"{entry.Type.Name} has constants, and no header");
        }
    }

    [Fact]
    public void EveryExemption_HasAReason()
    {
        IEnumerable<string?> reasons =
        [
            .. AbiTable.NotStructures.Values,
            .. AbiTable.Structures.SelectMany(entry => entry.SignNotCompared.Values),
            .. AbiTable.Structures.Where(entry => entry.PartialBecause is not null).Select(entry => entry.PartialBecause),
            .. AbiTable.Structures.Where(entry => entry.X86Because is not null).Select(entry => entry.X86Because),
            .. AbiTable.Constants.Where(entry => entry.X86Because is not null).Select(entry => entry.X86Because),
            .. AbiTable.Constants.SelectMany(entry => entry.NotInC.Values),
            .. AbiTable.Constants.SelectMany(entry => entry.OnlyOnX86.Values),
        ];
        Assert.All(reasons, reason => Assert.False(string.IsNullOrWhiteSpace(reason)));
    }

    /// <summary>A pointer to the structure is what the kernel gets: it may hold no reference and no value that .NET converts.</summary>
    [Fact]
    public void EveryRawStructure_IsMadeOfPlainNumbers()
    {
        foreach (Type structure in AbiTable.Structures.Select(entry => entry.Type))
        {
            Assert.All(PlainFields(structure), type =>
                Assert.True(type.IsPointer || ManagedLayout.IsSigned(type) is not null, $"{structure.Name} holds {type}"));
            Assert.Equal(LayoutKind.Sequential, structure.StructLayoutAttribute!.Value);
        }
    }

    private static IEnumerable<Type> PlainFields(Type type) =>
        ManagedLayout.FieldsOf(type).SelectMany(field => field.FieldType is { IsPrimitive: false, IsValueType: true, IsEnum: false } nested
            ? PlainFields(nested)
            : [field.FieldType]);

    private static bool IsStatic(Type type) => type is { IsAbstract: true, IsSealed: true };

    private static IEnumerable<string> Names(IEnumerable<Type> types) => types.Select(type => type.FullName!).Order(StringComparer.Ordinal);
}

using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LuoInterop.Interop;

namespace LuoInterop.AbiTests;

/// <summary>Refuses a raw declaration that no probe covers, and an entry of the table that covers nothing.</summary>
public sealed class CoverageTests
{
    private const string RawNamespace = "LuoInterop.Interop";

    private static readonly Type[] RawTypes =
        [.. typeof(LiveUpdateHeader).Assembly.GetTypes().Where(type =>
            type.Namespace == RawNamespace && !type.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false))];

    [Fact]
    public void EveryRawStructure_IsProbedOrExemptByName()
    {
        HashSet<Type> declared = [.. RawTypes.Where(type => type is { IsValueType: true, IsEnum: false, IsByRefLike: false })];
        List<Type> covered = [.. AbiTable.Structures.Select(entry => entry.Type), .. AbiTable.NotStructures.Keys];

        Assert.NotEmpty(declared);
        Assert.Distinct(covered);
        Assert.Equal(Names(declared), Names(covered));
    }

    [Fact]
    public void EveryRawConstant_IsProbedOrExemptByName()
    {
        HashSet<Type> declared = [.. RawTypes.Where(type => (IsStatic(type) || type.IsEnum) && Probe.ConstantFields(type).Length > 0)];
        List<Type> covered = [.. AbiTable.Constants.Select(entry => entry.Type)];

        Assert.NotEmpty(declared);
        Assert.Distinct(covered);
        Assert.Equal(Names(declared), Names(covered.Where(type => type.Namespace == RawNamespace)));
        foreach (ConstantsEntry entry in AbiTable.Constants)
        {
            HashSet<string> names = [.. Probe.ConstantFields(entry.Type).Select(field => field.Name)];
            Assert.All([.. entry.NotInC.Keys, .. entry.Forms.Keys], name => Assert.Contains(name, names));
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
            .. AbiTable.Constants.SelectMany(entry => entry.NotInC.Values),
        ];
        Assert.All(reasons, reason => Assert.False(string.IsNullOrWhiteSpace(reason)));
    }

    /// <summary>A pointer to the structure is what the kernel gets: it may hold no reference and no value that .NET converts.</summary>
    [Fact]
    public void EveryRawStructure_IsMadeOfPlainNumbers()
    {
        foreach (Type structure in AbiTable.Structures.Select(entry => entry.Type))
        {
            Assert.All(PlainFields(structure), type => Assert.True(ManagedLayout.IsSigned(type) is not null, $"{structure.Name} holds {type}"));
            Assert.Equal(LayoutKind.Sequential, structure.StructLayoutAttribute!.Value);
        }
    }

    private static IEnumerable<Type> PlainFields(Type type) =>
        ManagedLayout.FieldsOf(type).SelectMany(field => field.FieldType is { IsPrimitive: false, IsValueType: true, IsEnum: false } nested
            ? PlainFields(nested)
            : [field.FieldType]);

    private static bool IsStatic(Type type) => type is { IsAbstract: true, IsSealed: true };

    private static IEnumerable<string> Names(IEnumerable<Type> types) => types.Select(type => type.Name).Order(StringComparer.Ordinal);
}

using LuoInterop.Kvm;
using LuoInterop.Kvm.Interop;

namespace LuoInterop.Abi.Tests;

/// <summary>Proves the public structures against the raw ones, in whose place the kernel gets them.</summary>
public sealed class KvmRegistersTests
{
    // What the library calls otherwise than the kernel.
    private static readonly Dictionary<string, string> s_names = new()
    {
        ["function"] = "leaf",
        ["index"] = "subleaf",
        ["data"] = "value",
    };

    public static TheoryData<Type, Type> Pairs => new()
    {
        { typeof(KvmRegisters), typeof(kvm_regs) },
        { typeof(KvmSegment), typeof(kvm_segment) },
        { typeof(KvmDescriptorTable), typeof(kvm_dtable) },
        { typeof(KvmSpecialRegisters), typeof(kvm_sregs2) },
        { typeof(KvmCpuidEntry), typeof(kvm_cpuid_entry2) },
        { typeof(KvmMsr), typeof(kvm_msr_entry) },
    };

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Structure_LiesWhereTheRawOneHasIt(Type managed, Type raw)
    {
        (string Name, int Offset)[] fields =
            [.. ManagedLayout.FieldsOf(managed).Select(field => (NameOf(field.Name), ManagedLayout.OffsetOf(field)))];
        foreach (System.Reflection.FieldInfo field in ManagedLayout.FieldsOf(raw))
        {
            // An array is a field for each of its elements, or one that nothing reads.
            string plain = field.Name.Replace("_", "", StringComparison.Ordinal);
            string name = raw == typeof(kvm_cpuid_entry2) || raw == typeof(kvm_msr_entry)
                ? s_names.GetValueOrDefault(plain, plain)
                : plain;
            name = raw == typeof(kvm_msr_entry) && field.Name == "index" ? "index" : name;
            (string Name, int Offset)[] found =
                [.. fields.Where(candidate => candidate.Name == name || candidate.Name == name.TrimEnd('s') + "0"
                    || candidate.Name == name + "0")];
            Assert.Equal((field.Name, ManagedLayout.OffsetOf(field)), (field.Name, Assert.Single(found).Offset));
        }

        Assert.Equal(ManagedLayout.SizeOf(raw), ManagedLayout.SizeOf(managed));
        Assert.Equal(fields.Length, fields.Select(field => field.Offset).Distinct().Count());
    }

    /// <summary>A property's type has the size of the field that the kernel has there: none is cut off.</summary>
    [Theory]
    [MemberData(nameof(Pairs))]
    public void Field_HasTheSizeOfTheRawOne(Type managed, Type raw)
    {
        Dictionary<int, int> sizes = ManagedLayout.FieldsOf(raw).ToDictionary(
            ManagedLayout.OffsetOf, field => ManagedLayout.SizeOf(field.FieldType));
        foreach (System.Reflection.FieldInfo field in ManagedLayout.FieldsOf(managed))
        {
            if (sizes.TryGetValue(ManagedLayout.OffsetOf(field), out int size))
            {
                Assert.True(
                    ManagedLayout.SizeOf(field.FieldType) == size || field.Name.Contains('0', StringComparison.Ordinal),
                    $"{managed.Name}.{field.Name} has another size than the kernel's field");
            }
        }
    }

    // A property's field is <Name>k__BackingField, a private one _name.
    private static string NameOf(string field) =>
        (field.StartsWith('<') ? field[1..field.IndexOf('>', StringComparison.Ordinal)] : field.TrimStart('_')).ToLowerInvariant();
}

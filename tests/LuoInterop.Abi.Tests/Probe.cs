using System.Reflection;
using System.Text;
using LuoInterop.Interop;

namespace LuoInterop.Abi.Tests;

/// <summary>Expects one field of a C structure. Sign is null where it is not compared.</summary>
internal sealed record FieldExpectation(string Name, int Offset, int Size, bool? Signed);

/// <summary>Expects a C structure, whose type is given in C.</summary>
internal sealed record StructureExpectation(string Type, string Header, int Size, IReadOnlyList<FieldExpectation> Fields)
{
    public static StructureExpectation Of(StructureEntry entry) => new(
        entry.CForm ?? $"struct {entry.Type.Name}",
        entry.Header,
        ManagedLayout.SizeOf(entry.Type),
        [.. ManagedLayout.FieldsOf(entry.Type).Select(field => new FieldExpectation(
            field.Name,
            ManagedLayout.OffsetOf(field),
            ManagedLayout.SizeOf(field.FieldType),
            entry.SignNotCompared.ContainsKey(field.Name) ? null : ManagedLayout.IsSigned(field.FieldType)))]);
}

/// <summary>Expects a C constant expression to have a value, of any integer type.</summary>
internal sealed record ConstantExpectation(string Expression, string[] Headers, Int128 Value)
{
    /// <summary>Gives the expectations of a class: what it declares for x86-64, or for arm64 as far as that has them.</summary>
    public static IReadOnlyList<ConstantExpectation> Of(ConstantsEntry entry, bool arm64 = false) =>
        [.. Probe.ConstantFields(entry.Type)
            .Where(field => !entry.NotInC.ContainsKey(field.Name) && !(arm64 && entry.OnlyOnX86.ContainsKey(field.Name)))
            .Select(field => Of(entry, field, arm64))];

    public static ConstantExpectation Of(ConstantsEntry entry, FieldInfo field, bool arm64)
    {
        CForm form = entry.Forms.GetValueOrDefault(field.Name) ?? new CForm(field.Name);
        string[] headers = form.Header is null ? entry.Headers : [form.Header];
        return new ConstantExpectation(form.Expression, headers, Probe.ValueOf(field, arm64));
    }
}

/// <summary>Writes expectations as C programs of static assertions.</summary>
internal static class Probe
{
    /// <summary>Gets the constants of a class, those that the architecture chooses too.</summary>
    public static FieldInfo[] ConstantFields(Type type) =>
        [.. type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
            .Where(field => field.IsLiteral || IsChosen(field))];

    /// <summary>Says whether the architecture chooses a constant's value. The type is compiled into more than one assembly.</summary>
    public static bool IsChosen(FieldInfo field) => field.FieldType.FullName == typeof(PerArchitecture).FullName;

    public static Int128 ValueOf(FieldInfo constant, bool arm64) => Value(constant, arm64) switch
    {
        sbyte value => value,
        byte value => value,
        short value => value,
        ushort value => value,
        int value => value,
        uint value => value,
        long value => value,
        ulong value => value,
        var value => throw new NotSupportedException($"{constant.DeclaringType!.Name}.{constant.Name} is no integer: {value}"),
    };

    private static object? Value(FieldInfo constant, bool arm64) =>
        constant.IsLiteral
            ? constant.GetRawConstantValue()
            : constant.FieldType.GetProperty(arm64 ? nameof(PerArchitecture.Arm64) : nameof(PerArchitecture.X64))!
                .GetValue(constant.GetValue(null));

    public static string Write(StructureExpectation structure)
    {
        StringBuilder code = Begin([structure.Header]);
        string type = structure.Type;
        Expect(code, $"sizeof({type})", structure.Size);
        foreach (FieldExpectation field in structure.Fields)
        {
            string value = $"((({type} *)0)->{field.Name})";
            Expect(code, $"__builtin_offsetof({type}, {field.Name})", field.Offset);
            Expect(code, $"sizeof{value}", field.Size);
            if (field.Signed is { } signed)
            {
                Expect(code, $"((__typeof__{value})-1 < 0)", signed ? 1 : 0);
            }
        }

        return code.ToString();
    }

    /// <summary>Writes one program for each set of headers: two headers may give one name different values.</summary>
    public static IReadOnlyList<string> Write(IEnumerable<ConstantExpectation> constants) =>
        [.. constants.GroupBy(constant => string.Join(' ', constant.Headers)).Select(group =>
        {
            StringBuilder code = Begin(group.First().Headers);
            foreach (ConstantExpectation constant in group)
            {
                Expect(code, constant.Expression, constant.Value);
            }

            return code.ToString();
        })];

    private static StringBuilder Begin(IEnumerable<string> headers) =>
        headers.Aggregate(new StringBuilder(), (code, header) => code.Append("#include <").Append(header).Append(">\n"));

    // The sign is compared apart from the bits: otherwise -1 would equal 0xffffffffffffffff.
    private static void Expect(StringBuilder code, string expression, Int128 value)
    {
        string comparison = value < 0
            ? $"({expression}) < 0 && (long long)({expression}) == {value}LL"
            : $"({expression}) >= 0 && (unsigned long long)({expression}) == {value}ULL";
        string text = value > 9 ? $"{value} (0x{value:x})" : $"{value}";
        code.Append($"_Static_assert({comparison}, \"{expression} is declared as {text}\");\n");
    }
}

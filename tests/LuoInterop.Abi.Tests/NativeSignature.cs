using System.Text;
using Mono.Cecil;

namespace LuoInterop.Abi.Tests;

/// <summary>Is a managed type as a call passes it: how many bytes, and whether with a sign. Both are null for a pointer.</summary>
internal sealed record PassedType(string Name, int? Size, bool? Signed)
{
    public bool IsPointer => Size is null;

    public static PassedType Of(TypeReference type)
    {
        if (type.IsPointer || type.MetadataType is MetadataType.IntPtr or MetadataType.UIntPtr && type.IsByReference)
        {
            return new PassedType(type.Name, null, null);
        }

        return type.MetadataType switch
        {
            MetadataType.Int16 => new(type.Name, 2, true),
            MetadataType.UInt16 => new(type.Name, 2, false),
            MetadataType.Int32 => new(type.Name, 4, true),
            MetadataType.UInt32 => new(type.Name, 4, false),
            MetadataType.Int64 => new(type.Name, 8, true),
            MetadataType.UInt64 => new(type.Name, 8, false),
            MetadataType.IntPtr => new(type.Name, nint.Size, true),
            MetadataType.UIntPtr => new(type.Name, nint.Size, false),
            _ when type.Name == "syscall_arg" => new(type.Name, nint.Size, null),
            _ when type.Resolve() is { IsValueType: true } number && BuiltCode.IsNumber(number) =>
                Of(number.Fields[0].FieldType) with { Name = type.Name },
            _ => throw new NotSupportedException($"{type.FullName} is no plain number and no pointer: the runtime would convert it."),
        };
    }
}

/// <summary>Writes a C program that the compiler refuses unless an import has the signature of the C library's function.</summary>
internal static class NativeSignature
{
    // The table's prototype is redeclared, which the compiler refuses unless it is the header's own (and the header has to
    // declare the function at all: a prototype alone would bring it into being); then each of its types is compared
    // with the managed parameter, so that together the managed signature equals the header's.
    public static string WriteProbe(FunctionEntry function, MethodDefinition import)
    {
        string symbol = import.PInvokeInfo.EntryPoint;
        PassedType[] parameters = [.. import.Parameters.Select(parameter => PassedType.Of(parameter.ParameterType))];
        Assert.True(function.Variadic
            ? parameters.Length >= function.Parameters.Length
            : parameters.Length == function.Parameters.Length, $"{import.FullName} has {parameters.Length} parameters");

        StringBuilder code = new();
        code.Append($"#define _GNU_SOURCE\n#include <sys/types.h>\n#include <{function.Header}>\n");
        code.Append($"typedef __typeof__(&{symbol}) declared_by_the_header;\n");
        string prototype = function.Parameters.Length == 0 ? "void" : string.Join(", ", function.Parameters);
        code.Append($"{function.Returns} {symbol}({prototype}{(function.Variadic ? ", ..." : "")});\n");
        Expect(code, function.Returns, PassedType.Of(import.ReturnType), $"result of {symbol}");
        for (int i = 0; i < parameters.Length; i++)
        {
            string what = $"parameter {import.Parameters[i].Name} of {symbol}";
            if (i < function.Parameters.Length)
            {
                Expect(code, function.Parameters[i], parameters[i], what);
            }
            else
            {
                // What follows an ellipsis is an int, or fills a register. mode_t is as wide as int.
                Assert.True(parameters[i].Size is null or 4 or 8, $"{what} is a {parameters[i].Name}");
            }
        }

        code.Append("void *reference(void);\nvoid *reference(void) { return (void *)").Append(symbol).Append("; }\n");
        return code.ToString();
    }

    private static void Expect(StringBuilder code, string type, PassedType managed, string what)
    {
        code.Append($"_Static_assert(sizeof({type}) == {managed.Size ?? nint.Size}, \"{what} is declared as "
            + $"{managed.Size ?? nint.Size} bytes\");\n");
        Assert.True(managed.IsPointer == type.EndsWith('*'), $"{what}: {managed.Name} against {type}");

        // A register has no sign; an enum of C has whichever the compiler gives it.
        if (managed.Signed is { } signed && !type.StartsWith("enum ", StringComparison.Ordinal))
        {
            code.Append($"_Static_assert((({type})-1 < 0) == {(signed ? 1 : 0)}, \"{what} is declared as {managed.Name}\");\n");
        }
    }
}

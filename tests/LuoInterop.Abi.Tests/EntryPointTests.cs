using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using LuoInterop.Interop;

namespace LuoInterop.Abi.Tests;

/// <summary>Proves each import against the C library: the symbol that a C program would use, and its parameters.</summary>
public sealed class EntryPointTests
{
    private const BindingFlags AllStatic = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;

    private static readonly MethodInfo[] Imports =
        [.. typeof(Libc).GetMethods(AllStatic).Where(method =>
            method.IsDefined(typeof(LibraryImportAttribute)) || (IsNative(method) && !IsGenerated(method)))];

    public static TheoryData<string> Methods => [.. FunctionTable.Functions.Select(function => function.Method)];

    [Fact]
    public void EveryImport_IsInTheTable()
    {
        Assert.NotEmpty(Imports);
        Assert.Equal(
            Imports.Select(import => import.Name).Order(StringComparer.Ordinal),
            FunctionTable.Functions.Select(function => function.Method).Order(StringComparer.Ordinal));
    }

    /// <summary>Nothing else in the assembly calls native code, so that this table is complete.</summary>
    [Fact]
    public void NativeCalls_AreInLibcOnly()
    {
        MethodInfo[] native =
            [.. typeof(Libc).Assembly.GetTypes()
                .SelectMany(type => type.GetMethods(AllStatic | BindingFlags.DeclaredOnly))
                .Where(IsNative)];

        Assert.NotEmpty(native);
        Assert.All(native, method => Assert.Equal(typeof(Libc), method.DeclaringType));
        Assert.Equal(Imports.Length, native.Length);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task EntryPoint_IsTheSymbolThatACProgramUses(string method)
    {
        (FunctionEntry function, MethodInfo import) = Find(method);

        IReadOnlyList<string> symbols = await CCompiler.ListUndefinedSymbolsAsync(method, WriteProbe(function, import));

        Assert.Equal([EntryPoint(import)], symbols);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void EntryPoint_IsExportedByTheLibrary(string method)
    {
        (FunctionEntry function, MethodInfo import) = Find(method);
        Assert.Equal(function.Symbol ?? function.Method, EntryPoint(import));
        LibraryImportAttribute attribute = import.GetCustomAttribute<LibraryImportAttribute>()!;

        nint library = NativeLibrary.Load(attribute.LibraryName, typeof(Libc).Assembly, searchPath: null);
        try
        {
            Assert.NotEqual(0, NativeLibrary.GetExport(library, EntryPoint(import)));
        }
        finally
        {
            NativeLibrary.Free(library);
        }
    }

    /// <summary>The runtime itself binds each import, which a wrong name would make fail at the first call only.</summary>
    [Theory]
    [MemberData(nameof(Methods))]
    public void Import_IsBoundByTheRuntime(string method)
    {
        (_, MethodInfo import) = Find(method);
        MethodInfo native = Assert.Single(typeof(Libc).GetMethods(AllStatic), candidate => IsNative(candidate) && Owner(candidate) == import.Name);
        Marshal.Prelink(native);
        Assert.Equal(EntryPoint(import), native.GetCustomAttribute<DllImportAttribute>()!.EntryPoint);
    }

    /// <summary>
    /// Nothing comes between a call and errno: an import is the call itself, or converts and frees a string, and then saves errno in between.
    /// </summary>
    [Theory]
    [MemberData(nameof(Methods))]
    public void Import_LosesNoErrorNumber(string method)
    {
        MethodInfo import = Find(method).Import;
        bool converts = import.GetParameters().Any(static parameter => parameter.ParameterType is { IsPrimitive: false, IsPointer: false });
        Assert.Equal(converts, import.GetCustomAttribute<LibraryImportAttribute>()!.SetLastError);
        Assert.Equal(converts, !IsNative(import));
    }

    /// <summary>A function that the C library renames for 64-bit offsets is reported: the check is able to fail.</summary>
    [Fact]
    public async Task SymbolThatTheCompilerRenames_IsReported()
    {
        (FunctionEntry function, MethodInfo import) = Find("lseek");

        IReadOnlyList<string> symbols = await CCompiler.ListUndefinedSymbolsAsync(
            "renamed", "#define _FILE_OFFSET_BITS 64\n" + WriteProbe(function, import));

        Assert.Equal(["lseek64"], symbols);
    }

    /// <summary>A function that the header does not declare is reported, although a prototype for it could be written.</summary>
    [Fact]
    public async Task FunctionThatTheHeaderLacks_IsReported()
    {
        (FunctionEntry function, MethodInfo import) = Find("fchmod");

        Exception error = await Assert.ThrowsAnyAsync<Exception>(
            () => CCompiler.ListUndefinedSymbolsAsync("lacking", WriteProbe(function with { Header = "sys/types.h" }, import)));

        Assert.Contains("'fchmod' undeclared", error.Message, StringComparison.Ordinal);
    }

    /// <summary>A parameter of the wrong width is reported: the check is able to fail.</summary>
    [Fact]
    public async Task ParameterOfTheWrongWidth_IsReported()
    {
        (FunctionEntry function, MethodInfo import) = Find("madvise");
        FunctionEntry wrong = function with { Parameters = ["void *", "size_t", "long"] };

        Exception error = await Assert.ThrowsAnyAsync<Exception>(() => CCompiler.ListUndefinedSymbolsAsync("wrong", WriteProbe(wrong, import)));

        Assert.Contains("conflicting types for 'madvise'", error.Message, StringComparison.Ordinal);
        Assert.Contains("parameter advice of madvise is declared as 4 bytes", error.Message, StringComparison.Ordinal);
    }

    // The table's prototype is redeclared, which the compiler refuses unless it is the header's own (and the header has to
    // declare the function at all: a prototype alone would bring it into being); then each of its types is compared
    // with the managed parameter, so that together the managed signature equals the header's.
    private static string WriteProbe(FunctionEntry function, MethodInfo import)
    {
        string symbol = EntryPoint(import);
        string[] types = [.. function.Arguments];
        ParameterInfo[] parameters = import.GetParameters();
        Assert.Equal(types.Length, parameters.Length);

        StringBuilder code = new();
        code.Append($"#define _GNU_SOURCE\n#include <{function.Header}>\n");
        code.Append($"typedef __typeof__(&{symbol}) declared_by_the_header;\n");
        code.Append($"{function.Returns} {symbol}({string.Join(", ", function.Parameters)}{(function.Variadic is null ? "" : ", ...")});\n");
        Expect(code, function.Returns, import.ReturnType, $"result of {import.Name}");
        foreach ((string type, ParameterInfo parameter) in types.Zip(parameters))
        {
            Expect(code, type, parameter.ParameterType, $"parameter {parameter.Name} of {import.Name}");
        }

        code.Append("void *reference(void);\nvoid *reference(void) { return (void *)").Append(symbol).Append("; }\n");
        return code.ToString();
    }

    private static void Expect(StringBuilder code, string type, Type managed, string what)
    {
        // A string's marshaller passes a pointer.
        bool pointer = managed.IsPointer || managed == typeof(string);
        int size = pointer ? nint.Size : ManagedLayout.SizeOf(managed);
        code.Append($"_Static_assert(sizeof({type}) == {size}, \"{what} is declared as {size} bytes\");\n");
        Assert.True(pointer == type.EndsWith('*'), $"{what}: {managed} against {type}");
        if (!pointer)
        {
            bool signed = ManagedLayout.IsSigned(managed) ?? throw new NotSupportedException($"{what} is a {managed}.");
            code.Append($"_Static_assert((({type})-1 < 0) == {(signed ? 1 : 0)}, \"{what} is declared as {managed.Name}\");\n");
        }
    }

    private static (FunctionEntry Function, MethodInfo Import) Find(string method) =>
        (FunctionTable.Functions.Single(function => function.Method == method), Imports.Single(import => import.Name == method));

    private static string EntryPoint(MethodInfo import) => import.GetCustomAttribute<LibraryImportAttribute>()!.EntryPoint ?? import.Name;

    private static bool IsNative(MethodInfo method) => method.Attributes.HasFlag(MethodAttributes.PinvokeImpl);

    // The import's generator makes a local function, which the compiler names "<owner>g__...".
    private static bool IsGenerated(MethodInfo method) => method.Name.StartsWith('<');

    private static string Owner(MethodInfo native) => IsGenerated(native) ? native.Name[1..native.Name.IndexOf('>', StringComparison.Ordinal)] : native.Name;
}

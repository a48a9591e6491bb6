using System.Reflection;
using System.Runtime.InteropServices;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace LuoInterop.Abi.Tests;

/// <summary>Proves each import that a call ends in, Tmds.LibC's and the projects' own, against the C library.</summary>
public sealed class EntryPointTests
{
    private static readonly MethodDefinition[] s_imports =
        [.. BuiltCode.Imports.Where(import => !FunctionTable.OwnLibraries.ContainsKey(import.PInvokeInfo.Module.Name))];

    public static TheoryData<string> Imports => [.. s_imports.Select(Title)];

    /// <summary>Each import is in the table, and the table has nothing that is not called.</summary>
    [Fact]
    public void EveryImport_IsInTheTable()
    {
        Assert.NotEmpty(s_imports);
        Assert.Equal(
            s_imports.Select(import => import.PInvokeInfo.EntryPoint).Distinct().Order(StringComparer.Ordinal),
            FunctionTable.Functions.Select(function => function.Symbol).Order(StringComparer.Ordinal));
        Assert.All(FunctionTable.OwnLibraries.Values, reason => Assert.False(string.IsNullOrWhiteSpace(reason)));
    }

    /// <summary>A library imports in classes of its Interop namespace, which are named for a C header.</summary>
    [Fact]
    public void OwnImports_AreInHeaderClassesOnly()
    {
        MethodDefinition[] own =
            [.. Own().Where(import => import.Module.Name.StartsWith("LuoInterop", StringComparison.Ordinal) && IsOfSources(import, "src"))];
        Assert.NotEmpty(own);
        Assert.All(own, import => Assert.EndsWith("Header", import.DeclaringType.Name, StringComparison.Ordinal));
        Assert.All(own, import => Assert.EndsWith(".Interop", import.DeclaringType.Namespace, StringComparison.Ordinal));
    }

    /// <summary>What Tmds.LibC has is not imported once more, unless it keeps no errno of a function that can fail.</summary>
    [Fact]
    public void OwnImport_IsOfWhatTmdsLacks()
    {
        ILookup<string, MethodDefinition> theirs = BuiltCode.Tmds.GetType($"{BuiltCode.Namespace}.LibC").Methods
            .Where(method => method.IsPInvokeImpl).ToLookup(method => method.PInvokeInfo.EntryPoint);
        foreach (MethodDefinition import in Own())
        {
            bool lacks = !theirs[import.PInvokeInfo.EntryPoint].Any(method => method.PInvokeInfo.SupportsLastError);
            Assert.True(lacks, $"{Title(import)}: Tmds.LibC has it.");
        }
    }

    [Theory]
    [MemberData(nameof(Imports))]
    public async Task EntryPoint_IsTheSymbolThatACProgramUses(string title)
    {
        (FunctionEntry function, MethodDefinition import) = Find(title);

        IReadOnlyList<string> symbols =
            await CCompiler.ListUndefinedSymbolsAsync(function.Symbol, NativeSignature.WriteProbe(function, import));

        Assert.Equal([import.PInvokeInfo.EntryPoint], symbols);
    }

    [Theory]
    [MemberData(nameof(Imports))]
    public void EntryPoint_IsExportedByTheLibrary(string title)
    {
        MethodDefinition import = Find(title).Import;
        nint library = NativeLibrary.Load(import.PInvokeInfo.Module.Name, typeof(LibC).Assembly, searchPath: null);
        try
        {
            Assert.NotEqual(0, NativeLibrary.GetExport(library, import.PInvokeInfo.EntryPoint));
        }
        finally
        {
            NativeLibrary.Free(library);
        }
    }

    /// <summary>The runtime itself binds each import, which a wrong name would make fail at the first call only.</summary>
    [Theory]
    [MemberData(nameof(Imports))]
    public void Import_IsBoundByTheRuntime(string title)
    {
        MethodDefinition import = Find(title).Import;
        Module module = Assembly.LoadFrom(import.Module.FileName).ManifestModule;
        MethodInfo native = Assert.IsAssignableFrom<MethodInfo>(module.ResolveMethod(import.MetadataToken.ToInt32()));
        Assert.Equal(import.Name, native.Name);
        Marshal.Prelink(native);
    }

    /// <summary>errno is saved on the way back from every function that can fail; a function that cannot says why.</summary>
    [Theory]
    [MemberData(nameof(Imports))]
    public void Import_LosesNoErrorNumber(string title)
    {
        (FunctionEntry function, MethodDefinition import) = Find(title);
        Assert.True(SavesError(import) || function.NeverFailsBecause is { Length: > 0 }, $"{title} does not save errno.");
    }

    /// <summary>errno itself is read by nobody: between the call and the reading the runtime makes calls of its own.</summary>
    [Fact]
    public void ErrorNumber_IsReadInOneWay()
    {
        string[] raw =
        [
            .. BuiltCode.Modules.SelectMany(module => module.GetTypes()).SelectMany(type => type.Methods).Where(method => method.HasBody)
                .Where(method => !IsGeneratedStub(method))
                .Where(method => method.Body.Instructions.Any(step => step.Operand is MethodReference
                {
                    Name: nameof(Marshal.GetLastSystemError) or nameof(Marshal.GetLastWin32Error) or "get_errno",
                }))
                .Select(method => method.FullName),
        ];
        Assert.Empty(raw);
    }

    /// <summary>A function that the C library renames for 64-bit offsets is reported: the check is able to fail.</summary>
    [Fact]
    public async Task SymbolThatTheCompilerRenames_IsReported()
    {
        (FunctionEntry function, MethodDefinition import) = OfSymbol("lseek");

        IReadOnlyList<string> symbols = await CCompiler.ListUndefinedSymbolsAsync(
            "renamed", "#define _FILE_OFFSET_BITS 64\n" + NativeSignature.WriteProbe(function, import));

        Assert.Equal(["lseek64"], symbols);
    }

    /// <summary>A function that the header does not declare is reported, although a prototype for it could be written.</summary>
    [Fact]
    public async Task FunctionThatTheHeaderLacks_IsReported()
    {
        (FunctionEntry function, MethodDefinition import) = OfSymbol("fchmod");

        Exception error = await Assert.ThrowsAnyAsync<Exception>(
            () => CCompiler.ListUndefinedSymbolsAsync(
                "lacking", NativeSignature.WriteProbe(function with { Header = "sys/types.h" }, import)));

        Assert.Contains("'fchmod' undeclared", error.Message, StringComparison.Ordinal);
    }

    /// <summary>A parameter of the wrong width is reported: the check is able to fail.</summary>
    [Fact]
    public async Task ParameterOfTheWrongWidth_IsReported()
    {
        (FunctionEntry function, MethodDefinition import) = OfSymbol("madvise");
        FunctionEntry wrong = function with { Parameters = ["void *", "size_t", "long"] };

        Exception error = await Assert.ThrowsAnyAsync<Exception>(
            () => CCompiler.ListUndefinedSymbolsAsync("wrong", NativeSignature.WriteProbe(wrong, import)));

        Assert.Contains("conflicting types for 'madvise'", error.Message, StringComparison.Ordinal);
        Assert.Contains("parameter advice of madvise is declared as 4 bytes", error.Message, StringComparison.Ordinal);
    }

    private static IEnumerable<MethodDefinition> Own() =>
        s_imports.Where(import => import.Module.Assembly.Name.Name != BuiltCode.Tmds.Assembly.Name.Name);

    private static bool IsOfSources(MethodDefinition import, string folder) =>
        import.Module.FileName.StartsWith(Path.Combine(KernelHeaders.RepositoryRoot(), folder) + '/', StringComparison.Ordinal);

    // The generator of an import makes a local function of the call, <name>g__..., and saves errno in the method that has it.
    private static bool SavesError(MethodDefinition import) =>
        import.PInvokeInfo.SupportsLastError
        || import.DeclaringType.Methods.Any(method => IsGeneratedStub(method)
            && method.Body.Instructions.Any(step => step.Operand is MethodReference called && called.Resolve() == import)
            && method.Body.Instructions.Any(step =>
                step.OpCode == OpCodes.Call && step.Operand is MethodReference { Name: nameof(Marshal.SetLastPInvokeError) }));

    private static bool IsGeneratedStub(MethodDefinition method) =>
        method.HasBody && method.CustomAttributes.Any(attribute => attribute.AttributeType.Name == nameof(LibraryImportAttribute));

    private static (FunctionEntry Function, MethodDefinition Import) Find(string title) =>
        Of(s_imports.Single(import => Title(import) == title));

    private static (FunctionEntry Function, MethodDefinition Import) OfSymbol(string symbol) =>
        Of(s_imports.First(import => import.PInvokeInfo.EntryPoint == symbol));

    private static (FunctionEntry Function, MethodDefinition Import) Of(MethodDefinition import) =>
        (FunctionTable.Functions.Single(function => function.Symbol == import.PInvokeInfo.EntryPoint), import);

    private static string Title(MethodDefinition import) =>
        $"{import.Module.Assembly.Name.Name}: "
        + $"{import.PInvokeInfo.EntryPoint}({string.Join(", ", import.Parameters.Select(parameter => parameter.ParameterType.Name))})";
}

using System.Xml.Linq;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace LuoInterop.Abi.Tests;

/// <summary>Reads in the code of every project that is built what it takes from Tmds.LibC, and what it imports itself.</summary>
internal static class BuiltCode
{
    /// <summary>The namespace of Tmds.LibC.</summary>
    public const string Namespace = "Tmds.Linux";

    private static readonly string[] s_folders = ["src", "tests", "bench", "samples"];

    /// <summary>Gets the assemblies of all projects that are built, in the configuration of this one.</summary>
    public static IReadOnlyList<ModuleDefinition> Modules { get; } = [.. Files().Select(ModuleDefinition.ReadModule)];

    /// <summary>Gets Tmds.LibC as this machine runs it.</summary>
    public static ModuleDefinition Tmds { get; } = ModuleDefinition.ReadModule(typeof(LibC).Assembly.Location);

    /// <summary>Gets Tmds.LibC as it is for x86-64 and for arm64.</summary>
    public static IReadOnlyDictionary<bool, ModuleDefinition> TmdsByArm64 { get; } = new Dictionary<bool, ModuleDefinition>
    {
        [false] = ReadTmds("linux-x64"),
        [true] = ReadTmds("linux-arm64"),
    };

    /// <summary>Gets the methods of <see cref="LibC"/> that are called; a constant is one that begins with get_.</summary>
    public static IReadOnlyList<MethodDefinition> Called { get; } =
        [.. References().Where(method => method.DeclaringType.FullName == $"{Namespace}.LibC")
            .Select(method => (MethodDefinition)method.Resolve())
            .DistinctBy(method => method.FullName).OrderBy(method => method.FullName, StringComparer.Ordinal)];

    /// <summary>Gets the constants that are read, by their C names.</summary>
    public static IReadOnlyList<string> Constants { get; } =
        [.. Called.Where(method => method.IsGetter).Select(method => method.Name["get_".Length..])];

    /// <summary>Gets the types of Tmds.LibC that are named, by whatever: a variable, a field, a call of one of their members.</summary>
    public static IReadOnlyList<TypeDefinition> Types { get; } =
        [.. Modules.SelectMany(module => module.GetTypeReferences()).Where(type => type.Namespace == Namespace && type.Name != "LibC")
            .Select(type => Tmds.GetType(type.FullName)).DistinctBy(type => type.FullName)
            .OrderBy(type => type.FullName, StringComparer.Ordinal)];

    /// <summary>Gets the imports that are used: those of Tmds.LibC that a call ends in, and all that the projects declare.</summary>
    public static IReadOnlyList<MethodDefinition> Imports { get; } =
    [
        .. Called.Where(method => !method.IsGetter).Select(ImportOf).OfType<MethodDefinition>().DistinctBy(method => method.FullName),
        .. Modules.SelectMany(module => module.GetTypes()).SelectMany(type => type.Methods).Where(method => method.IsPInvokeImpl),
    ];

    /// <summary>Gets the methods of <see cref="LibC"/> that are called and end in no import: macros of C, by their names.</summary>
    public static IReadOnlyList<string> Macros { get; } =
        [.. Called.Where(method => !method.IsGetter && ImportOf(method) is null).Select(method => method.Name)];

    /// <summary>Tells whether a structure of Tmds.LibC is a number of the C library's: one field, with operators.</summary>
    public static bool IsNumber(TypeDefinition type) => type.Fields.Count == 1 && type.Fields[0].Name == "__value";

    private static IEnumerable<MemberReference> References() =>
        Modules.SelectMany(module => module.GetMemberReferences())
            .Where(member => member is MethodReference && member.DeclaringType.Namespace == Namespace);

    // A method of Tmds.LibC that only converts arguments ends in a call of its own import; a macro has none.
    private static MethodDefinition? ImportOf(MethodDefinition method) => method.IsPInvokeImpl
        ? method
        : method.Body.Instructions.Where(step => step.OpCode == OpCodes.Call).Select(step => ((MethodReference)step.Operand).Resolve())
            .SingleOrDefault(called => called.IsPInvokeImpl);

    private static IEnumerable<string> Files()
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory);
        string output = Path.Combine("bin", own.Parent!.Name, own.Name);
        return from folder in s_folders
               from project in Directory.EnumerateFiles(
                   Path.Combine(KernelHeaders.RepositoryRoot(), folder), "*.csproj", SearchOption.AllDirectories)
               let name = XDocument.Load(project).Descendants("AssemblyName").FirstOrDefault()?.Value
                   ?? Path.GetFileNameWithoutExtension(project)
               let file = Path.Combine(Path.GetDirectoryName(project)!, output, name + ".dll")
               where File.Exists(file)
               select file;
    }

    // The build copies Tmds.LibC for each architecture.
    private static ModuleDefinition ReadTmds(string runtime) => ModuleDefinition.ReadModule(
        Path.Combine(
            AppContext.BaseDirectory, "runtimes", runtime, "lib", "netstandard2.0", Path.GetFileName(typeof(LibC).Assembly.Location)));
}

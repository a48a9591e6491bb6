using System.Text.RegularExpressions;
using System.Xml.Linq;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Packages.Tests;

/// <summary>Packs the libraries and the tool once for all tests.</summary>
public sealed class PackedLibraries : IDisposable
{
    public const string Tool = "luoctl";

    public static readonly string[] Ids =
    [
        "LuoInterop", "LuoInterop.KernelImages", "LuoInterop.Kho", "LuoInterop.MemoryImages", "LuoInterop.Diagnosis", "LuoInterop.Kvm",
        "LuoInterop.Emulation", "LuoInterop.Emulation.Server", "LuoInterop.VmTesting", "LuoInterop.Litmus", "LuoInterop.Systemd",
    ];

    public PackedLibraries()
    {
        // In one build: each of them alone would look at all that it is made of again.
        string all = Path.Combine(Folder, "all.proj");
        string projects = string.Join(';', Ids.Append(Tool).Select(static id => Path.Combine(Repository.Root, "src", id, id + ".csproj")));
        File.WriteAllText(all, $"""
            <Project>
              <Target Name="Restore"><MSBuild Projects="{projects}" Targets="Restore" /></Target>
              <Target Name="Pack">
                <MSBuild Projects="{projects}" Targets="Pack" BuildInParallel="true"
                         Properties="Configuration=Release;PackageOutputPath={Path.Combine(Folder, "packages")}" />
              </Target>
            </Project>
            """);
        using FileStream turn = BuildTurn.Take();
        Dotnet.Run(Folder, "msbuild", all, "-restore", "-t:Pack", "-m", "-nologo", "-verbosity:quiet");
    }

    /// <summary>Says that a program is for Linux, as the compiler wants it of those who call libraries that are.</summary>
    private const string ForLinux =
        "<AssemblyAttribute Include=\"System.Runtime.Versioning.SupportedOSPlatformAttribute\">"
        + "<_Parameter1>linux</_Parameter1></AssemblyAttribute>";

    public string Folder { get; } = Directory.CreateTempSubdirectory("luo-packages-").FullName;

    /// <summary>Gets the folder of the packages that building this repository has restored, which has all that others need.</summary>
    private string Restored =>
        Dotnet.Run(Folder, "nuget", "locals", "global-packages", "--list", "--force-english-output").Split(": ", 2)[1].Trim();

    public string Package(string id, string extension = "nupkg") =>
        Assert.Single(
            Directory.GetFiles(Path.Combine(Folder, "packages"), $"{id}.*.{extension}"),
            path => Regex.IsMatch(Path.GetFileName(path), $"^{Regex.Escape(id)}\\.[0-9]"));

    /// <summary>Gets the C# of a page: its first block.</summary>
    public static string Example(string page) => Regex.Match(page, "```csharp\n(.*?)```", RegexOptions.Singleline).Groups[1].Value;

    /// <summary>Makes a project of the README's first program, which takes the libraries from the packages made here alone.</summary>
    public string FirstProgram(string name) => Project(name, Example(File.ReadAllText(Path.Combine(Repository.Root, "README.md"))), Ids);

    /// <summary>Makes a project called FirstProgram of a program and the packages that it references.</summary>
    public string Project(string name, string program, params IEnumerable<string> ids)
    {
        string folder = Directory.CreateDirectory(Path.Combine(Folder, name)).FullName;
        File.WriteAllText(Path.Combine(folder, "Program.cs"), program);

        // The libraries are the packed ones, whoever else offers some; what they depend on is from where this machine gets packages.
        string others = string.Concat(Dotnet.Sources(folder).Select(static name =>
            new XElement("packageSource", new XAttribute("key", name), new XElement("package", new XAttribute("pattern", "*")))));
        File.WriteAllText(Path.Combine(folder, "nuget.config"), $"""
            <configuration>
              <packageSources><add key="packed" value="{Path.Combine(Folder, "packages")}" /></packageSources>
              <packageSourceMapping>
                <packageSource key="packed"><package pattern="LuoInterop*" /></packageSource>
                {others}
              </packageSourceMapping>
              <config><add key="globalPackagesFolder" value="{Path.Combine(Folder, "global")}" /></config>
              <fallbackPackageFolders><clear /><add key="restored" value="{Restored}" /></fallbackPackageFolders>
            </configuration>
            """);
        string references = string.Concat(ids.Select(static id => $"<PackageReference Include=\"{id}\" Version=\"*\" />"));
        File.WriteAllText(Path.Combine(folder, "FirstProgram.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <ItemGroup>{(program.Contains("SupportedOSPlatform", StringComparison.Ordinal) ? "" : ForLinux)}</ItemGroup>
              <PropertyGroup>
                <OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework>
                <Nullable>enable</Nullable><ImplicitUsings>enable</ImplicitUsings><TreatWarningsAsErrors>true</TreatWarningsAsErrors>
              </PropertyGroup>
              <ItemGroup>{references}</ItemGroup>
            </Project>
            """);
        return folder;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}

/// <summary>Lets no two classes of tests build the same projects at the same time.</summary>
[CollectionDefinition(Name)]
public sealed class Packages : ICollectionFixture<PackedLibraries>
{
    public const string Name = "packages";
}

/// <summary>Runs the .NET command line.</summary>
internal static class Dotnet
{
    public static string Run(string folder, params string[] arguments)
    {
        (int code, string output, string error) = ChildProgram.Run(folder, arguments);
        Assert.True(code == 0, $"dotnet {string.Join(' ', arguments)} ended with {code}:\n{output}\n{error}");
        return output;
    }

    /// <summary>Gets the names of the package sources that this machine uses.</summary>
    public static IEnumerable<string> Sources(string folder) =>
        from Match match in Regex.Matches(Run(folder, "nuget", "list", "source"), @"^ *\d+\. +(.+?) \[Enabled\]", RegexOptions.Multiline)
        select match.Groups[1].Value;
}

/// <summary>Shows that the README's first program and each package's example work with the packages from an empty project.</summary>
[Collection(Packages.Name)]
[Trait("Category", "Package")]
public sealed class PackageTests(PackedLibraries packed)
{
    public static TheoryData<string> Ids => [.. PackedLibraries.Ids];

    [Fact]
    public void ReadmesFirstProgram_FromAnEmptyProject_RestoresItsMemory()
    {
        string folder = packed.FirstProgram("first program");

        string output = Dotnet.Run(folder, "run", "--project", "FirstProgram.csproj");

        Assert.Contains("hello from the old kernel", output, StringComparison.Ordinal);
        Assert.Contains("emulated", output, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void PackagesExample_WithThisPackageAlone_Compiles(string id)
    {
        string program = PackedLibraries.Example(File.ReadAllText(Path.Combine(Repository.Root, "src", id, "README.md")));
        Assert.Contains($"using {id};", program, StringComparison.Ordinal);

        string output = Dotnet.Run(packed.Project($"example of {id}", program, id), "build", "FirstProgram.csproj", "--nologo");

        Assert.Contains("0 Warning(s)", output, StringComparison.Ordinal);
    }

    [Fact]
    public void EmulationsExample_GivesItsMemoryBack()
    {
        string page = File.ReadAllText(Path.Combine(Repository.Root, "src/LuoInterop.Emulation/README.md"));
        string folder = packed.Project("example that runs", PackedLibraries.Example(page), "LuoInterop.Emulation");

        Assert.Equal("hello\n", Dotnet.Run(folder, "run", "--project", "FirstProgram.csproj"));
    }
}

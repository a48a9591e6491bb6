using System.IO.Compression;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Packages.Tests;

/// <summary>Packs the libraries once for all tests.</summary>
public sealed class PackedLibraries : IDisposable
{
    public static readonly string[] Ids = ["LuoInterop", "LuoInterop.Kho", "LuoInterop.Kvm", "LuoInterop.Emulation", "LuoInterop.VmTesting", "LuoInterop.Litmus"];

    public PackedLibraries()
    {
        foreach (string id in Ids)
        {
            Dotnet.Run(Folder, "pack", Path.Combine(Repository.Root, "src", id), "-c", "Release", "--nologo", "-o", Path.Combine(Folder, "packages"));
        }
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("luo-packages-").FullName;

    /// <summary>Gets the folder of the packages that building this repository has restored, which has all that others need.</summary>
    private string Restored =>
        Dotnet.Run(Folder, "nuget", "locals", "global-packages", "--list", "--force-english-output").Split(": ", 2)[1].Trim();

    public string Package(string id, string extension = "nupkg") =>
        Assert.Single(Directory.GetFiles(Path.Combine(Folder, "packages"), $"{id}.*.{extension}"), path => Regex.IsMatch(Path.GetFileName(path), $"^{Regex.Escape(id)}\\.[0-9]"));

    /// <summary>Makes a project of the README's first program, which takes the libraries from the packages made here alone.</summary>
    public string FirstProgram(string name)
    {
        string folder = Directory.CreateDirectory(Path.Combine(Folder, name)).FullName;
        string readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));
        File.WriteAllText(Path.Combine(folder, "Program.cs"), Regex.Match(readme, "```csharp\n(.*?)```", RegexOptions.Singleline).Groups[1].Value);
        File.WriteAllText(Path.Combine(folder, "nuget.config"), $"""
            <configuration>
              <packageSources><clear /><add key="packed" value="{Path.Combine(Folder, "packages")}" /></packageSources>
              <config><add key="globalPackagesFolder" value="{Path.Combine(Folder, "global")}" /></config>
              <fallbackPackageFolders><clear /><add key="restored" value="{Restored}" /></fallbackPackageFolders>
            </configuration>
            """);
        string references = string.Concat(Ids.Select(static id => $"<PackageReference Include=\"{id}\" Version=\"*\" />"));
        File.WriteAllText(Path.Combine(folder, "FirstProgram.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
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
}

/// <summary>Shows that the packages are whole, and that the README's first program works with them from an empty project.</summary>
[Collection(Packages.Name)]
[Trait("Category", "Package")]
public sealed class PackageTests(PackedLibraries packed)
{
    public static TheoryData<string> Ids => [.. PackedLibraries.Ids];

    [Theory]
    [MemberData(nameof(Ids))]
    public void Package_HasLibraryDocumentationReadmeLicenceAndSymbols(string id)
    {
        using (ZipArchive package = ZipFile.OpenRead(packed.Package(id)))
        {
            Assert.NotNull(package.GetEntry($"lib/net10.0/{id}.dll"));
            Assert.NotNull(package.GetEntry($"lib/net10.0/{id}.xml"));
            Assert.NotNull(package.GetEntry("README.md"));
            using Stream specification = package.GetEntry($"{id}.nuspec")!.Open();
            XElement metadata = XDocument.Load(specification).Root!.Elements().Single(static element => element.Name.LocalName == "metadata");
            Assert.Equal("MIT", Value("license"));
            Assert.Equal("README.md", Value("readme"));
            Assert.NotEqual("Package Description", Value("description"));

            string Value(string name) => metadata.Elements().Single(element => element.Name.LocalName == name).Value;
        }

        using ZipArchive symbols = ZipFile.OpenRead(packed.Package(id, "snupkg"));
        Assert.NotNull(symbols.GetEntry($"lib/net10.0/{id}.pdb"));
    }

    [Fact]
    public void ReadmesFirstProgram_FromAnEmptyProject_RestoresItsMemory()
    {
        string folder = packed.FirstProgram("first program");

        string output = Dotnet.Run(folder, "run", "--project", "FirstProgram.csproj");

        Assert.Contains("hello from the old kernel", output, StringComparison.Ordinal);
        Assert.Contains("emulated", output, StringComparison.Ordinal);
    }
}

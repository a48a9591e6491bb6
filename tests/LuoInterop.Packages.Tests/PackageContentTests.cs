using System.IO.Compression;
using System.Reflection.Metadata;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Packages.Tests;

/// <summary>Shows that each package is whole: what its page, its description, its library and its symbols say.</summary>
[Collection(Packages.Name)]
[Trait("Category", "Package")]
public sealed class PackageContentTests(PackedLibraries packed)
{
    private static readonly Guid s_sourceLink = new("CC110556-A091-4D38-9FEC-25AB9A351A6A");
    private static readonly Guid s_embeddedSource = new("0E8A571B-6926-466E-B4AD-8AB04611F5FE");

    public static TheoryData<string> Ids => [.. PackedLibraries.Ids];

    public static TheoryData<string> AllIds => [.. PackedLibraries.Ids, PackedLibraries.Tool];

    [Theory]
    [MemberData(nameof(Ids))]
    public void Package_HasLibraryDocumentationReadmeLicenceAndSymbols(string id)
    {
        using (ZipArchive package = ZipFile.OpenRead(packed.Package(id)))
        {
            Assert.NotNull(package.GetEntry($"lib/net10.0/{id}.dll"));
            Assert.NotNull(package.GetEntry($"lib/net10.0/{id}.xml"));
            Assert.NotNull(package.GetEntry("README.md"));
            Dictionary<string, XElement> metadata = Metadata(package, id);
            Assert.Equal("MIT", metadata["license"].Value);
            Assert.Equal("README.md", metadata["readme"].Value);
            Assert.NotEqual("Package Description", metadata["description"].Value);
        }

        using ZipArchive symbols = ZipFile.OpenRead(packed.Package(id, "snupkg"));
        Assert.NotNull(symbols.GetEntry($"lib/net10.0/{id}.pdb"));
    }

    [Theory]
    [MemberData(nameof(AllIds))]
    public void Package_NamesItsPageIconLicenceRepositoryAndChanges(string id)
    {
        using ZipArchive package = ZipFile.OpenRead(packed.Package(id));
        Dictionary<string, XElement> metadata = Metadata(package, id);
        Assert.Equal("0.2.0", metadata["version"].Value);
        Assert.Equal("README.md", metadata["readme"].Value);
        Assert.Equal("icon.png", metadata["icon"].Value);
        Assert.Equal(("expression", "MIT"), (metadata["license"].Attribute("type")!.Value, metadata["license"].Value));
        Assert.Contains("/CHANGELOG.md", metadata["releaseNotes"].Value, StringComparison.Ordinal);

        XElement repository = metadata["repository"];
        Assert.Equal("git", repository.Attribute("type")!.Value);
        Assert.Matches("^https://", repository.Attribute("url")!.Value);
        Assert.Equal(repository.Attribute("url")!.Value, metadata["projectUrl"].Value);
        Assert.Matches("^[0-9a-f]{40}$", repository.Attribute("commit")!.Value);

        // The icon is a PNG of 128 by 128, as its header says.
        byte[] icon = Bytes(package, "icon.png");
        Assert.Equal([0x89, .. "PNG\r\n\u001a\n\0\0\0\rIHDR\0\0\0\u0080\0\0\0\u0080".Select(static c => (byte)c)], icon[..24]);
    }

    [Theory]
    [MemberData(nameof(AllIds))]
    public void PackagesPage_IsItsOwn_AndEveryLinkLeadsToAFileFromAnywhere(string id)
    {
        using ZipArchive package = ZipFile.OpenRead(packed.Package(id));
        string page = Encoding.UTF8.GetString(Bytes(package, "README.md"));
        Assert.StartsWith($"# {id}\n", page, StringComparison.Ordinal);
        Assert.Contains(
            id == PackedLibraries.Tool ? $"dotnet tool install --global {id}" : $"dotnet add package {id}", page, StringComparison.Ordinal);

        string files = Metadata(package, id)["projectUrl"].Value + "/blob/main/";
        string[] links = [.. Regex.Matches(page, @"\]\(([^)]*)\)").Select(static match => match.Groups[1].Value)];
        Assert.NotEmpty(links);
        Assert.All(links, link =>
        {
            Assert.StartsWith(files, link, StringComparison.Ordinal);
            string[] parts = link[files.Length..].Split('#');
            string target = File.ReadAllText(Path.Combine(Repository.Root, parts[0]));
            if (parts.Length == 2)
            {
                Assert.Contains(
                    parts[1],
                    Regex.Matches(target, "^#+ (.*)$", RegexOptions.Multiline).Select(static match => Anchor(match.Groups[1].Value)));
            }
        });
    }

    [Theory]
    [MemberData(nameof(AllIds))]
    public void PackagesAssembly_SaysThatItIsForLinux(string id)
    {
        using ZipArchive package = ZipFile.OpenRead(packed.Package(id));
        string path = id == PackedLibraries.Tool ? $"tools/net10.0/any/{id}.dll" : $"lib/net10.0/{id}.dll";
        using var file = new System.Reflection.PortableExecutable.PEReader(new MemoryStream(Bytes(package, path)));
        MetadataReader reader = file.GetMetadataReader();

        Assert.Contains(
            "linux",
            reader.GetAssemblyDefinition().GetCustomAttributes().Select(reader.GetCustomAttribute).Where(IsPlatform).Select(Platform));

        bool IsPlatform(CustomAttribute attribute) =>
            attribute.Constructor.Kind == HandleKind.MemberReference
            && reader.GetMemberReference((MemberReferenceHandle)attribute.Constructor).Parent is { Kind: HandleKind.TypeReference } type
            && reader.StringComparer.Equals(reader.GetTypeReference((TypeReferenceHandle)type).Name, "SupportedOSPlatformAttribute");

        string? Platform(CustomAttribute attribute)
        {
            BlobReader value = reader.GetBlobReader(attribute.Value);
            Assert.Equal(1, value.ReadUInt16());
            return value.ReadSerializedString();
        }
    }

    /// <summary>A debugger finds each source of the library: at the commit that was packed, or inside the symbols.</summary>
    [Theory]
    [MemberData(nameof(Ids))]
    public void Symbols_LeadToEverySource(string id)
    {
        using ZipArchive package = ZipFile.OpenRead(packed.Package(id));
        XElement repository = Metadata(package, id)["repository"];
        using ZipArchive symbols = ZipFile.OpenRead(packed.Package(id, "snupkg"));
        using var provider = MetadataReaderProvider.FromPortablePdbStream(new MemoryStream(Bytes(symbols, $"lib/net10.0/{id}.pdb")));
        MetadataReader reader = provider.GetMetadataReader();

        CustomDebugInformation link =
            Assert.Single(Informations(EntityHandle.ModuleDefinition), information => Kind(information) == s_sourceLink);
        JsonProperty map =
            Assert.Single(JsonDocument.Parse(reader.GetBlobBytes(link.Value)).RootElement.GetProperty("documents").EnumerateObject());
        Assert.Equal("/_/*", map.Name);
        Assert.Contains(repository.Attribute("commit")!.Value, map.Value.GetString(), StringComparison.Ordinal);
        string address = new Uri(repository.Attribute("url")!.Value).AbsolutePath;
        Assert.Contains(address, map.Value.GetString(), StringComparison.Ordinal);

        Assert.All(reader.Documents, handle =>
        {
            string name = reader.GetString(reader.GetDocument(handle).Name);
            Assert.StartsWith("/_/", name, StringComparison.Ordinal);
            bool isEmbedded = Informations(handle).Any(information => Kind(information) == s_embeddedSource);
            Assert.True(isEmbedded || File.Exists(Path.Combine(Repository.Root, name["/_/".Length..])), name);
        });

        IEnumerable<CustomDebugInformation> Informations(EntityHandle parent) =>
            reader.GetCustomDebugInformation(parent).Select(reader.GetCustomDebugInformation);

        Guid Kind(CustomDebugInformation information) => reader.GetGuid(information.Kind);
    }

    /// <summary>Gives the name by which a link names a heading.</summary>
    private static string Anchor(string heading) =>
        Regex.Replace(heading.ToLowerInvariant(), "[^a-z0-9 _-]", "").Replace(' ', '-');

    private static Dictionary<string, XElement> Metadata(ZipArchive package, string id) =>
        XDocument.Parse(Encoding.UTF8.GetString(Bytes(package, $"{id}.nuspec")).TrimStart('\ufeff')).Root!
            .Elements().Single(static element => element.Name.LocalName == "metadata")
            .Elements().ToDictionary(static element => element.Name.LocalName);

    private static byte[] Bytes(ZipArchive package, string name)
    {
        using Stream stream = package.GetEntry(name)!.Open();
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}

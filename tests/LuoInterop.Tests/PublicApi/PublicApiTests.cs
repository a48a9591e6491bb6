using System.Reflection;
using LuoInterop.Tests.Support;

namespace LuoInterop.Tests.PublicApi;

/// <summary>Keeps the public surface of the libraries from changing unnoticed: it is written down, one file for each.</summary>
public class PublicApiTests
{
    private const string Accept = "LUO_ACCEPT_API";

    public static TheoryData<string> Libraries { get; } =
        new("LuoInterop", "LuoInterop.KernelImages", "LuoInterop.Kho", "LuoInterop.MemoryImages", "LuoInterop.Diagnosis",
            "LuoInterop.Kvm", "LuoInterop.Emulation", "LuoInterop.Emulation.Server", "LuoInterop.Litmus", "LuoInterop.Systemd",
            "LuoInterop.VmTesting");

    [Theory]
    [MemberData(nameof(Libraries))]
    public void PublicApi_OfLibrary_IsWhatIsWrittenDown(string library)
    {
        string[] actual = [.. ApiDump.Of(Assembly.Load(library))];
        string path = Path.Combine(AppContext.BaseDirectory, "PublicApi", library + ".txt");
        string[] expected = File.Exists(path) ? File.ReadAllLines(path) : [];
        if (expected.SequenceEqual(actual))
        {
            return;
        }

        string difference = string.Join('\n', Difference(expected, actual));
        if (Environment.GetEnvironmentVariable(Accept) == "1")
        {
            File.WriteAllText(SourceOf(library), string.Join('\n', actual) + "\n");
            Assert.False(Host.IsCI, $"The public API of {library} differs, and is not accepted in CI:\n{difference}");
            return;
        }

        Assert.Fail($"The public API of {library} is not what PublicApi/{library}.txt says. If that is meant, run this test with "
            + $"env {Accept}=1, and commit the file.\n{difference}");
    }

    [Fact]
    public void Dump_OfAnyLibrary_IsAscii() =>
        Assert.All(ApiDump.Of(typeof(Kernel).Assembly), static line => Assert.True(line.All(char.IsAscii), line));

    /// <summary>Lists what is gone and what is new, with the type that it is in.</summary>
    private static IEnumerable<string> Difference(string[] expected, string[] actual) =>
        InTypes(expected).Except(InTypes(actual)).Select(static line => "- " + line)
            .Concat(InTypes(actual).Except(InTypes(expected)).Select(static line => "+ " + line))
            .DefaultIfEmpty("(only the order or blank lines)");

    private static IEnumerable<string> InTypes(IEnumerable<string> lines)
    {
        string type = "";
        foreach (string line in lines)
        {
            if (line.StartsWith(' '))
            {
                yield return $"{type}: {line.Trim()}";
            }
            else if (line.Length > 0)
            {
                type = line;
                yield return line;
            }
        }
    }

    /// <summary>Finds the file in the source folder, above the folder that the test runs from.</summary>
    private static string SourceOf(string library)
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "LuoInterop.Tests.csproj")))
            {
                return Path.Combine(folder.FullName, "PublicApi", library + ".txt");
            }
        }

        throw new DirectoryNotFoundException("The source folder of LuoInterop.Tests is not above the folder that the test runs from.");
    }
}

using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using LuoInterop.Tests.Shared;
using Xunit;
using Xunit.Abstractions;

namespace LuoInterop.Packages.Tests;

/// <summary>Publishes programs as native executables, each into a folder of its own.</summary>
internal static class NativeProgram
{
    /// <summary>Publishes a project, and gives the path of the executable: without a warning, and without .NET beside it.</summary>
    public static string Publish(string project, string name, string target, params string[] properties)
    {
        string output =
            Dotnet.Run(Path.GetDirectoryName(project)!, ["publish", project, "-c", "Release", "--nologo", "-o", target, .. properties]);
        Assert.DoesNotMatch(@"\bwarning\b|\bIL[0-9]{4}\b", output);
        Assert.Empty(Directory.GetFiles(target, "*.dll"));
        string executable = Path.Combine(target, name);
        using FileStream file = File.OpenRead(executable);
        byte[] magic = new byte[4];
        file.ReadExactly(magic);
        Assert.Equal("\u007fELF"u8.ToArray(), magic);
        return executable;
    }
}

/// <summary>Publishes the demo and luoctl natively once for all tests, as <c>dotnet publish</c> does by itself.</summary>
public sealed class NativeTools : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("luo-native-").FullName;

    public NativeTools()
    {
        Demo = NativeProgram.Publish(DemoProject, "luo-demo", Path.Combine(_folder, "demo"));
        Luoctl =
            NativeProgram.Publish(Path.Combine(Repository.Root, "src/luoctl/luoctl.csproj"), "luoctl", Path.Combine(_folder, "luoctl"));
    }

    public static string DemoProject => Path.Combine(Repository.Root, "samples/LuoInterop.Demo/LuoInterop.Demo.csproj");

    public string Demo { get; }

    public string Luoctl { get; }

    /// <summary>Makes a folder that goes with the tools.</summary>
    public string Folder(string name) => Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}

/// <summary>Shows that native executables do what the same programs do on .NET, on the emulated kernel and through a real kexec.</summary>
[Collection(Packages.Name)]
[Trait("Category", "Package")]
public sealed class NativeTests(PackedLibraries packed, NativeTools tools, ITestOutputHelper log) : IClassFixture<NativeTools>
{
    [Fact]
    public void ReadmesFirstProgram_FromThePackages_RestoresItsMemory()
    {
        string folder = packed.FirstProgram("native first program");
        string program = NativeProgram.Publish(
            Path.Combine(folder, "FirstProgram.csproj"),
            "FirstProgram",
            Path.Combine(folder, "out"),
            "-p:PublishAot=true",
            "-p:InvariantGlobalization=true");

        string output = Run(program);

        Assert.Contains("hello from the old kernel", output, StringComparison.Ordinal);
        Assert.Contains("emulated", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Demo_OnTheEmulatedKernel_VerifiesEveryByte() => CheckDemo(Run(tools.Demo, "--ram", "8", "--json"), 8, emulated: true);

    [Fact]
    [Trait("Category", "VM")]
    public void Demo_OnLinux_GoesThroughAKexecByItself() =>
        CheckDemo(Run(tools.Demo, "--on", "vm", "--ram", "64", "--json"), 64, emulated: false);

    [Fact]
    [Trait("Category", "VM")]
    public void DemoAsASingleFile_OnLinux_GoesThroughAKexecByItself()
    {
        string folder = tools.Folder("single");
        Dotnet.Run(
            folder,
            "publish",
            NativeTools.DemoProject,
            "-c",
            "Release",
            "--nologo",
            "-o",
            folder,
            "-p:PublishSingleFile=true",
            "--self-contained",
            "false");
        Assert.Empty(Directory.GetFiles(folder, "*.dll"));

        CheckDemo(Run(Path.Combine(folder, "luo-demo"), "--on", "vm", "--ram", "64", "--json"), 64, emulated: false);
    }

    [Fact]
    public void Luoctl_ReplaysAScript()
    {
        string script = Path.Combine(tools.Folder("scripts"), "a.luo");
        File.WriteAllText(
            script,
            "d = open => 0\ns = create_session d \"a\" => 0\nkexec => 0\nd = open => 0\nr = retrieve_session d \"none\" => ENOENT\n");
        Assert.Equal("1 scripts, 5 expectations, 0 not met\n", Run(tools.Luoctl, "replay", script, "--expect"));
        Assert.Equal(
            5, JsonDocument.Parse(Run(tools.Luoctl, "replay", script, "--json")).RootElement[0].GetProperty("lines").GetArrayLength());
    }

    [Fact]
    [Trait("Category", "VM")]
    public void Luoctl_ReplaysAScriptOnLinux_ByItself()
    {
        string script = Path.Combine(tools.Folder("vm scripts"), "a.luo");
        File.WriteAllText(script, "d = open => 0\ne = open => EBUSY\nkexec => 0\nd = open => 0\n");
        Assert.Equal("1 scripts, 4 expectations, 0 not met\n", Run(tools.Luoctl, "replay", "--kernel", "vm", "--expect", script));
    }

    [Fact]
    public void Luoctl_EmulatesHugeTlb_AsOnDotnet()
    {
        string[] words = ["emulate", "hugetlb", "--json"];
        (int code, string expected, string error) = ChildProgram.RunBeside("luoctl.dll", words);
        Assert.True(code == 0, error);
        Assert.Equal(expected, Run(tools.Luoctl, words));
    }

    [Fact]
    public void Luoctl_SaysTheStatus_AsOnDotnet()
    {
        string[] words = ["status", "--json"];
        (int code, string expected, string error) = ChildProgram.RunBeside("luoctl.dll", words);
        Assert.Equal("", error);
        Assert.Equal(expected, Run(tools.Luoctl, code, words));
    }

    private static void CheckDemo(string output, int mib, bool emulated)
    {
        JsonElement root = JsonDocument.Parse(output).RootElement;
        Assert.Equal(mib << 20, root.GetProperty("verifiedBytes").GetInt64());
        Assert.Equal(1, root.GetProperty("liveUpdatesOfThisBootChain").GetInt64());
        Assert.Equal(1, root.GetProperty("kexecsOfThisState").GetInt64());
        Assert.Equal(emulated, Regex.IsMatch(root.GetProperty("kernel").GetString()!, "emulated"));
    }

    private string Run(string program, params string[] words) => Run(program, 0, words);

    private string Run(string program, int code, string[] words)
    {
        long start = Stopwatch.GetTimestamp();
        using Process process =
            Process.Start(new ProcessStartInfo(program, words) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(
            process.ExitCode == code, $"{program} {string.Join(' ', words)} ended with {process.ExitCode}:\n{output}\n{error.Result}");
        log.WriteLine($"{Path.GetFileName(program)} {string.Join(' ', words)}: {new FileInfo(program).Length} bytes, "
            + $"{Stopwatch.GetElapsedTime(start).TotalMilliseconds:N0} ms");
        return output;
    }
}

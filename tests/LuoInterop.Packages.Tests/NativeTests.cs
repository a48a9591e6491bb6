using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using LuoInterop.Tests.Shared;
using Xunit;
using Xunit.Abstractions;

namespace LuoInterop.Packages.Tests;

/// <summary>Has a folder for what goes with native executables.</summary>
public sealed class NativeFolder : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("luo-native-").FullName;

    /// <summary>Makes a folder in it.</summary>
    public string Make(string name) => Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}

/// <summary>Shows that native executables do what the same programs do on .NET, on the emulated kernel and through a real kexec.</summary>
[Collection(Packages.Name)]
[Trait("Category", "Package")]
public sealed class NativeTests(PackedLibraries packed, NativeFolder folders, ITestOutputHelper log) : IClassFixture<NativeFolder>
{
    /// <summary>Holds what <c>dotnet publish</c> makes by itself: a file for the processor, and no .NET beside it.</summary>
    [Fact]
    public void Executables_NeedNoDotnet()
    {
        AssertIsNative(NativePrograms.Demo);
        AssertIsNative(NativePrograms.Luoctl);
    }

    [Fact]
    public void ReadmesFirstProgram_FromThePackages_RestoresItsMemory()
    {
        string folder = packed.FirstProgram("native first program");
        string program = NativePrograms.Publish(
            Path.Combine(folder, "FirstProgram.csproj"),
            "FirstProgram",
            Path.Combine(folder, "out"),
            "-p:PublishAot=true",
            "-p:InvariantGlobalization=true");
        AssertIsNative(program);

        string output = Run(program);

        Assert.Contains("hello from the old kernel", output, StringComparison.Ordinal);
        Assert.Contains("emulated", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Demo_OnTheEmulatedKernel_VerifiesEveryByte() =>
        CheckDemo(Run(NativePrograms.Demo, "--ram", "8", "--json"), 8, emulated: true);

    [Fact]
    [Trait("Category", "VM")]
    public void Demo_OnLinux_GoesThroughAKexecByItself() =>
        CheckDemo(Run(NativePrograms.Demo, "--on", "vm", "--ram", "64", "--json"), 64, emulated: false);

    [Fact]
    [Trait("Category", "VM")]
    public void DemoAsASingleFile_OnLinux_GoesThroughAKexecByItself()
    {
        string folder = folders.Make("single");
        string program = NativePrograms.Publish(
            Path.Combine(Repository.Root, "samples/LuoInterop.Demo/LuoInterop.Demo.csproj"),
            "luo-demo",
            folder,
            "-p:PublishSingleFile=true",
            "--self-contained",
            "false");
        Assert.Empty(Directory.GetFiles(folder, "*.dll"));

        CheckDemo(Run(program, "--on", "vm", "--ram", "64", "--json"), 64, emulated: false);
    }

    [Fact]
    public void Luoctl_ReplaysAScript()
    {
        string script = Path.Combine(folders.Make("scripts"), "a.luo");
        File.WriteAllText(
            script,
            "d = open => 0\ns = create_session d \"a\" => 0\nkexec => 0\nd = open => 0\nr = retrieve_session d \"none\" => ENOENT\n");
        Assert.Equal("1 scripts, 5 expectations, 0 not met\n", Run(NativePrograms.Luoctl, "replay", script, "--expect"));
        JsonElement lines = JsonDocument.Parse(Run(NativePrograms.Luoctl, "replay", script, "--json")).RootElement[0].GetProperty("lines");
        Assert.Equal(5, lines.GetArrayLength());
    }

    [Fact]
    [Trait("Category", "VM")]
    public void Luoctl_ReplaysAScriptOnLinux_ByItself()
    {
        string script = Path.Combine(folders.Make("vm scripts"), "a.luo");
        File.WriteAllText(script, "d = open => 0\ne = open => EBUSY\nkexec => 0\nd = open => 0\n");
        Assert.Equal("1 scripts, 4 expectations, 0 not met\n", Run(NativePrograms.Luoctl, "replay", "--kernel", "vm", "--expect", script));
    }

    [Fact]
    public void Luoctl_EmulatesHugeTlb_AsOnDotnet()
    {
        string[] words = ["emulate", "hugetlb", "--json"];
        (int code, string expected, string error) = ChildProgram.RunBeside("luoctl.dll", words);
        Assert.True(code == 0, error);
        Assert.Equal(expected, Run(NativePrograms.Luoctl, words));
    }

    [Fact]
    public void Luoctl_SaysTheStatus_AsOnDotnet()
    {
        string[] words = ["status", "--json"];
        (int code, string expected, string error) = ChildProgram.RunBeside("luoctl.dll", words);
        Assert.Equal("", error);
        Assert.Equal(expected, Run(NativePrograms.Luoctl, code, words));
    }

    private static void AssertIsNative(string executable)
    {
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(executable)!, "*.dll"));
        using FileStream file = File.OpenRead(executable);
        byte[] magic = new byte[4];
        file.ReadExactly(magic);
        Assert.Equal("\u007fELF"u8.ToArray(), magic);
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

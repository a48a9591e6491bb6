using System.Diagnostics;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.VmTesting.Tests;

/// <summary>Holds what a kernel's build shows of how far it is, and what it leaves when it is ended: with a make of its own,
/// that compiles nothing.</summary>
[Trait("Category", "Kernel")]
public sealed class BuildProgressTests : IDisposable
{
    private static readonly string s_script = Path.Combine(Repository.Root, "src", "LuoInterop.VmTesting", "Kernel", "build-kernel.sh");

    private readonly string _folder = Directory.CreateTempSubdirectory("luo-build-").FullName;

    public BuildProgressTests()
    {
        Write("source/scripts/kconfig/merge_config.sh", "#!/bin/sh\ncat \"$3\" > .config\n");
        Write("source/arch/x86/boot/bzImage", "a kernel");
        Write("luo.config", "CONFIG_KEXEC=y\n");
        Write("luo.objects", "20\n");
        Run("tar", "cf", Path.Combine(_folder, "linux.tar"), "-C", _folder, "source");
        Environment = new()
        {
            ["PATH"] = $"{_folder}/bin:{System.Environment.GetEnvironmentVariable("PATH")}",
            ["LUO_KERNEL_SOURCE"] = Path.Combine(_folder, "linux.tar"),
        };
    }

    private Dictionary<string, string> Environment { get; }

    private string Cache => Path.Combine(_folder, "cache");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Progress_IsCountedInMakesLog_AgainstWhatTheRecipeExpects()
    {
        // Each object waits until the count of the one before was seen.
        WriteMake("for i in $(seq 20); do echo \"  CC      a/$i.o\"; until grep -q \"compiling: $i of\" \"$SEEN\"; do sleep 0.02; "
            + "done; done\necho '  LD      vmlinux'");
        string[] lines = Build("each");

        string[] counts = [.. lines.Where(static line => line.Contains(": compiling: ", StringComparison.Ordinal)).Distinct()];
        for (int i = 1; i <= 20; i++)
        {
            Assert.Contains(counts, line =>
                line.StartsWith($"kernel 0.1: compiling: {i} of 20 objects, {i * 5} %, about ", StringComparison.Ordinal));
        }

        Assert.Contains(lines, static line => line.StartsWith("kernel 0.1: compiled 20 objects in ", StringComparison.Ordinal));
        Assert.Equal("20\n", File.ReadAllText(Path.Combine(lines[^1], "objects")));
        Assert.Equal("a kernel", File.ReadAllText(Path.Combine(lines[^1], "bzImage")));
    }

    [Fact]
    public void Progress_OfWhatIsNoTerminal_IsALineEveryTenth()
    {
        WriteMake("for i in $(seq 4); do echo \"  CC      a/$i.o\"; done\nuntil grep -q 'compiling: 4 of' \"$SEEN\"; do sleep 0.02; done\n"
            + "for i in $(seq 5 20); do echo \"  AS      a/$i.o\"; done\nuntil grep -q 'compiling: 20 of' \"$SEEN\"; do sleep 0.02; done");
        string[] counts = [.. Build(null).Where(static line => line.Contains(": compiling: ", StringComparison.Ordinal))];
        Assert.InRange(counts.Length, 2, 10);
        Assert.Contains(counts, static line => line.Contains("compiling: 4 of 20 objects, 20 %", StringComparison.Ordinal));
        Assert.Contains(counts, static line =>
            line.Contains("compiling: 20 of 20 objects, 100 %, about 0 s left", StringComparison.Ordinal));
    }

    [Fact]
    public void WithoutAnExpectation_NoShareIsSaid()
    {
        File.Delete(Path.Combine(_folder, "luo.objects"));
        WriteMake("echo '  CC      a.o'; until grep -q 'compiling: 1 objects, ' \"$SEEN\"; do sleep 0.02; done");
        Assert.DoesNotContain(Build("each"), static line => line.Contains('%', StringComparison.Ordinal));
    }

    [Fact]
    public void AFailedBuild_ShowsItsLastWords_AndLeavesNothing()
    {
        WriteMake("echo '  CC      a.o'; echo 'a.c:1: error: no such thing' >&2; exit 2");
        (int code, string output, string error) = Start(null);
        Assert.NotEqual(0, code);
        Assert.Equal("", output);
        Assert.Contains("a.c:1: error: no such thing", error, StringComparison.Ordinal);
        AssertNothingIsLeft();
    }

    [Fact]
    public async Task ACancelledBuild_EndsWithAllItsProcesses_AndLeavesNothing()
    {
        WriteMake("echo $$ > \"$STARTED\"; while :; do echo '  CC      a.o'; touch \"$PWD/$RANDOM\"; sleep 0.01; done");
        string started = Path.Combine(_folder, "started");
        string wrapper = Write("wrapper.sh", $"export PATH='{Environment["PATH"]}' "
            + $"LUO_KERNEL_SOURCE='{Environment["LUO_KERNEL_SOURCE"]}' STARTED='{started}' SEEN=/dev/null\nexec bash {s_script} \"$@\"\n");
        using CancellationTokenSource source = new();
        Task<string> build = KernelBuild.RunAsync(wrapper, "0.1", Path.Combine(_folder, "luo.config"), Cache, null, source.Token);
        while (!File.Exists(started) || File.ReadAllText(started).Length == 0)
        {
            Assert.False(build.IsCompleted, build.Exception?.Message);
            await Task.Delay(10);
        }

        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => build);
        AssertNothingIsLeft();
        Assert.False(Directory.Exists($"/proc/{File.ReadAllText(started).Trim()}/cwd"), "make still runs");
    }

    [Fact]
    public void Selftests_AreKept_AndAddedAloneToAFinishedFolderThatLacksThem()
    {
        Write("source/tools/testing/selftests/kselftest.h", "a header");
        Write("source/tools/testing/selftests/liveupdate/lib/a.c", "a test");
        Write("source/tools/testing/selftests/mm/b.c", "another test");
        Run("tar", "cf", Environment["LUO_KERNEL_SOURCE"], "-C", _folder, "source");
        WriteMake("echo '  CC      a.o'");
        string folder = Build(null)[^1];
        string[] kept = ["kselftest.h", "liveupdate/lib/a.c"];
        Assert.Equal(kept, FilesOf(Path.Combine(folder, "selftests")));

        Directory.Delete(Path.Combine(folder, "selftests"), recursive: true);
        File.WriteAllText(Path.Combine(folder, "bzImage"), "a kernel that is not compiled again");
        WriteMake("exit 1");
        Assert.Equal([folder], Build(null));
        Assert.Null(KernelBuild.FromFolder(folder).SelftestsFolder);

        Environment["LUO_KERNEL_SELFTESTS"] = "1";
        Assert.Equal(folder, Build(null)[^1]);
        Assert.Equal(kept, FilesOf(KernelBuild.FromFolder(folder).SelftestsFolder!));
        Assert.Equal("a kernel that is not compiled again", File.ReadAllText(Path.Combine(folder, "bzImage")));
        Assert.Equal([folder], Build(null));
    }

    [Fact]
    public void SourceWithoutSelftests_IsNotLookedAtAgain_AndOneThatCannotBeHadIsNoFailure()
    {
        WriteMake("echo '  CC      a.o'");
        string folder = Build(null)[^1];
        Assert.Empty(FilesOf(Path.Combine(folder, "selftests")));
        Assert.Null(KernelBuild.FromFolder(folder).SelftestsFolder);

        Directory.Delete(Path.Combine(folder, "selftests"));
        Environment["LUO_KERNEL_SELFTESTS"] = "1";
        Assert.Equal(folder, Build(null)[^1]);
        Assert.Equal([folder], Build(null));

        Directory.Delete(Path.Combine(folder, "selftests"));
        File.WriteAllText(Environment["LUO_KERNEL_SOURCE"], "no archive");
        string[] lines = Build(null);
        Assert.Contains(lines, static line => line.Contains("the kernel's selftests could not be added", StringComparison.Ordinal));
        Assert.Equal(folder, lines[^1]);
        Assert.False(Directory.Exists(Path.Combine(folder, "selftests")));
    }

    [Fact]
    public void OnATerminal_OneLineIsWrittenAnew()
    {
        using StringWriter terminal = new();
        ProgressLine line = new(terminal, rewrites: true);
        line.Show("kernel 7.3: unpacking");
        line.Show("kernel 7.3: compiling: 1 of 20 objects, 5 %, about 19 s left");
        line.Show("kernel 7.3: compiling: 2 of 20 objects, 10 %, about 18 s left");
        line.Show("kernel 7.3: Linux 7.3.4 is ready");
        line.Show("kernel 7.3: compiling: 3 of 20 objects");
        line.End();
        line.End();
        Assert.Equal(
            "kernel 7.3: unpacking\n"
            + "kernel 7.3: compiling: 1 of 20 objects, 5 %, about 19 s left"
            + "\r\u001b[Kkernel 7.3: compiling: 2 of 20 objects, 10 %, about 18 s left"
            + "\r\u001b[Kkernel 7.3: Linux 7.3.4 is ready\n"
            + "kernel 7.3: compiling: 3 of 20 objects\r\u001b[K",
            terminal.ToString());

        using StringWriter file = new();
        new ProgressLine(file, rewrites: false).Show("kernel 7.3: compiling: 1 of 20 objects");
        Assert.Equal("kernel 7.3: compiling: 1 of 20 objects\n", file.ToString());
    }

    private void AssertNothingIsLeft() =>
        Assert.All(Directory.GetFileSystemEntries(Cache), static path => Assert.EndsWith(".lock", path, StringComparison.Ordinal));

    private static string[] FilesOf(string folder) =>
        [.. Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(folder, path)).Order()];

    private string[] Build(string? progress)
    {
        (int code, string output, string error) = Start(progress);
        Assert.True(code == 0, error);
        return [.. (error + output).Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }

    private (int Code, string Output, string Error) Start(string? progress)
    {
        string seen = Write("seen", "");
        ProcessStartInfo start =
            new("bash", ["-c", $"bash \"$0\" \"$@\" 2>{seen}", s_script, "0.1", Path.Combine(_folder, "luo.config"), Cache])
        {
            RedirectStandardOutput = true,
        };
        foreach ((string name, string value) in Environment)
        {
            start.Environment[name] = value;
        }

        start.Environment["SEEN"] = seen;
        start.Environment["LUO_KERNEL_PROGRESS"] = progress;
        start.Environment["LUO_KERNEL_PROGRESS_SECONDS"] = "0.05";
        using Process build = Process.Start(start)!;
        string output = build.StandardOutput.ReadToEnd();
        build.WaitForExit();
        return (build.ExitCode, output, File.ReadAllText(seen));
    }

    private void WriteMake(string compile) => Write("bin/make", $$"""
        #!/usr/bin/env bash
        case "$*" in
          *kernelrelease*) echo 0.1.2 ;;
          *bzImage*) {{compile}} ;;
          *headers_install*) words="$*"; mkdir -p "${words##*INSTALL_HDR_PATH=}/include/linux" ;;
        esac
        """);

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        WrittenFile.WriteProgram(path, text);
        return path;
    }

    private static void Run(string program, params string[] words)
    {
        using Process process = Process.Start(program, words);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}

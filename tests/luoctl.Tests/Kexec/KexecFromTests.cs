using System.Text.Json;
using LuoInterop.KernelImages;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Cli.Tests.Kexec;

/// <summary>Holds which image <c>luoctl kexec --from</c> takes for the running kernel's. It jumps on Linux in the VM only.</summary>
public sealed class KexecFromTests : IDisposable
{
    private static readonly string s_release = File.ReadAllText("/proc/sys/kernel/osrelease").Trim();
    private static readonly string s_build = File.ReadAllText("/proc/sys/kernel/version").Trim();
    private readonly string _folder = Directory.CreateTempSubdirectory("luo-kexec-").FullName;

    [Fact]
    public void OtherRelease_IsRefused()
    {
        string other = Image("other", $"0.0.1 (a@b) {s_build}");
        AssertIsRefused(
            $"luoctl: {other}: It is not the image of the kernel that runs: it has Linux 0.0.1, and {s_release} runs\n", other);
    }

    [Fact]
    public void OtherBuild_IsRefused()
    {
        string other = Image("other", $"{s_release} (a@b) #0 SMP then");
        AssertIsRefused(
            $"luoctl: {other}: It is not the image of the kernel that runs: it is another build, {s_release} (a@b) #0 SMP then, "
                + $"and {s_build} runs\n",
            other);
    }

    [Fact]
    public void WhatIsNoKernel_IsRefused()
    {
        string text = Path.Combine(_folder, "text");
        File.WriteAllText(text, "no kernel at all");
        AssertIsRefused(
            $"luoctl: {text} cannot be read as a kernel image (NotAKernel): It begins like no kernel image\n", text);
        Assert.Equal(2, Run(Path.Combine(_folder, "missing")).Code);
    }

    /// <summary>The running kernel's is taken; what this machine lacks is said as without it.</summary>
    [Fact]
    public void RunningKernel_IsTaken_AndItsCommandLineStays()
    {
        (int code, string output, string error) = Run(Image("running", $"{s_release} (a@b) {s_build}"), "--json");
        JsonElement root = Schemas.Hold("kexec", output);
        string answer = root.GetProperty("answer").GetString()!;
        Assert.Equal(answer switch { "ready" => 0, "not-ready" => 1, _ => 3 }, code);
        Assert.Equal(answer == "not-ready", error.EndsWith("not started; --force does it all the same\n", StringComparison.Ordinal));
        Assert.DoesNotContain("--from", output, StringComparison.Ordinal);
        string[] running = Words(KernelCommandLine.Reuse(Kernel.Linux));
        Assert.Equal(running, Words(root.GetProperty("commandLine").GetString()!));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private void AssertIsRefused(string expected, string from)
    {
        (int code, string output, string error) = Run(from);
        Assert.Equal((2, "", expected), (code, output, error));
    }

    private (int Code, string Output, string Error) Run(string from, params string[] words) => Luoctl.Run(
        ["kexec", Image("next", "7.3.4 (a@b) #1 SMP"), "--from", from, "--wait", "0", "--dry-run", .. words]);

    private string Image(string name, string version)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllBytes(
            path, PackedKernel.BzImage(KernelCompression.Zstd, PackedKernel.Vmlinux(["kho-v4", "luo-v5", "memfd-v2"]), version));
        return path;
    }
}

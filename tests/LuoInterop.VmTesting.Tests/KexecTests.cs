using System.Security.Cryptography;
using Xunit;
using Xunit.Abstractions;

namespace LuoInterop.VmTesting.Tests;

[Trait("Category", "VM")]
public sealed class KexecTests(KernelFixture fixture, ITestOutputHelper output) : IClassFixture<KernelFixture>
{
    // [docs:host]
    [Fact]
    public async Task DotnetPayload_InTwoKernels_Passes()
    {
        VmResult result = await VirtualMachine.RunAsync(new VmOptions
        {
            Kernel = fixture.Kernel,
            Command = ["dotnet", KernelFixture.Payload, "stages", "2"],
            ExpectedKernels = 2,
        });
        output.WriteLine(result.ToString());

        result.EnsurePassed();
        Assert.Equal([1, 2], result.Kernels.Select(kernel => kernel.Stage));
        Assert.Equal(2, result.Reports.Count(report => report.Test == "liveupdate.device"));
        GuestFile file = Assert.Single(result.Files);
        Assert.Equal(result.Values.Single(value => value.Name == "sha256").Value, Convert.ToHexString(SHA256.HashData(file.Content.Span)));
    }

    // [docs:end]
    [Fact]
    public async Task ShellPayload_InThreeKernels_LosesNoOutput()
    {
        VmResult result = await VirtualMachine.RunAsync(fixture.Shell("""
            s=$(luo-guest stage)
            luo-guest report "stage $s" passed "in $(uname -r)" || exit 9
            seq 1 5000
            echo "stage $s ends" >&2
            [ "$s" = 3 ] || luo-guest kexec "extra=$s"
            grep -q 'liveupdate=on.*luo.stage=3 extra=2$' /proc/cmdline || exit 8
            """) with { ExpectedKernels = 3 });
        output.WriteLine(result.ToString());

        result.EnsurePassed();
        string[] numbers = [.. Enumerable.Range(1, 5000).Select(n => n.ToString(System.Globalization.CultureInfo.InvariantCulture))];
        Assert.Equal([.. numbers, .. numbers, .. numbers], result.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal("stage 1 ends\nstage 2 ends\nstage 3 ends\n", result.StandardError);
        Assert.Equal([1, 2, 3], result.Reports.Select(report => report.Stage));
    }

    [Fact]
    public async Task TranslatedKernels_TakeTheHostsCounterAsItIs()
    {
        VmResult result = await VirtualMachine.RunAsync(fixture.Shell("""
            luo-guest value told "$(sed -n 's/.* tsc_early_khz=\([0-9]*\).*/\1/p' /proc/cmdline)" || exit 9
            luo-guest value taken "$(dmesg | sed -n 's/.*tsc: Detected \([0-9.]*\) MHz.*/\1/p' | tail -n 1)" || exit 8
            [ "$(luo-guest stage)" = 2 ] || luo-guest kexec
            """) with { ExpectedKernels = 2, Accelerator = VmAccelerator.Tcg });
        output.WriteLine(result.ToString());

        result.EnsurePassed();
        string[] told = [.. result.Values.Where(static value => value.Name == "told").Select(static value => value.Value)];
        string[] taken = [.. result.Values.Where(static value => value.Name == "taken").Select(static value => value.Value)];
        Assert.Equal(2, told.Length);
        Assert.Equal(told[0], told[1]);
        Assert.InRange(int.Parse(told[0], System.Globalization.CultureInfo.InvariantCulture), 500_000, 10_000_000);
        Assert.Equal(told, taken.Select(static mhz => mhz.Replace(".", "", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task LoadedKernel_IsStartedByAJump_AndFilesInMemoryAreThereInEach()
    {
        string file = Path.Combine(AppContext.BaseDirectory, "in-memory.sh");
        await File.WriteAllTextAsync(file, "#!/bin/sh\necho \"run from $(stat -f -c %T \"$0\")\"\n");
        VmResult result = await VirtualMachine.RunAsync(fixture.Shell($$"""
            {{file}}
            [ "$(luo-guest stage)" = 1 ] || exit 0
            [ "$(cat /sys/kernel/kexec_loaded)" = 0 ] || exit 7
            luo-guest load extra=loaded || exit 8
            [ "$(cat /sys/kernel/kexec_loaded)" = 1 ] || exit 9
            luo-guest jump
            """) with { ExpectedKernels = 2, FilesInMemory = [file], ShownFolders = [AppContext.BaseDirectory] });
        output.WriteLine(result.ToString());

        result.EnsurePassed();
        string[] lines = result.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);

        // The rest of the host's root is 9p.
        Assert.All(lines, static line => Assert.Matches("^run from (ramfs|tmpfs|rootfs)$", line));
    }

    [Fact]
    [Trait("Category", "Kernel72")]
    public async Task ShellPayload_GoesToTheKernelOfEachStage()
    {
        KernelBuild older = await KernelBuild.GetAsync("7.2");
        VmResult result = await VirtualMachine.RunAsync(fixture.Shell("""
            [ "$(luo-guest stage)" = 3 ] || luo-guest kexec
            """) with { ExpectedKernels = 3, NextKernels = [older, fixture.Kernel] });
        output.WriteLine(result.ToString());

        result.EnsurePassed();
        Assert.Equal([fixture.Kernel.Release, older.Release, fixture.Kernel.Release], result.Kernels.Select(kernel => kernel.Release));
    }
}

using Xunit;
using Xunit.Abstractions;

namespace LuoInterop.VmTesting.Tests;

[Trait("Category", "VM")]
public sealed class MachineTests(KernelFixture fixture, ITestOutputHelper output) : IClassFixture<KernelFixture>
{
    private async Task<VmResult> RunAsync(VmOptions options, CancellationToken cancellationToken = default)
    {
        VmResult result = await VirtualMachine.RunAsync(options, cancellationToken);
        output.WriteLine(result.ToString());
        return result;
    }

    [Fact]
    public async Task Status3_AfterReports_IsAFailureWithAllThatWasSent()
    {
        List<VmOutputLine> lines = [];
        string folder = Directory.CreateTempSubdirectory("luo-test-").FullName;
        try
        {
            string shown = Directory.CreateDirectory(Path.Combine(folder, "shown")).FullName;
            File.WriteAllText(Path.Combine(shown, "hello.txt"), "from the host");
            VmResult result = await RunAsync(fixture.Shell("""
                set -e
                luo-guest report works passed
                luo-guest report breaks failed "as it must"
                luo-guest report tries skipped "no device"
                luo-guest value answer 42
                luo-guest event "half way"
                cat hello.txt /run/luo/files/greeting > /tmp/both
                luo-guest file both.txt /tmp/both
                test "$WORD" = "a b"
                test "$(ulimit -Hn) $(ulimit -Sn)" = "1048576 1048576"
                test -c /dev/liveupdate
                test -d /sys/kernel/debug/kho
                test -r /run/luo/bzImage -a -r /run/luo/initrd
                ! touch /run/luo/bzImage /etc/luo-was-here 2>/dev/null
                (sleep 100 & )
                printf 'no line end'
                exit 3
                """) with
            {
                WorkingFolder = shown,
                Files = new Dictionary<string, string> { ["greeting"] = Path.Combine(shown, "hello.txt") },
                Environment = new Dictionary<string, string> { ["WORD"] = "a b" },
                Output = lines.Add,
                TempFolder = folder,
                KeepFolder = true,
            });

            Assert.Equal((VmOutcome.Failed, 3), (result.Outcome, result.ExitStatus));
            Assert.Null(result.Signal);
            Assert.Null(result.Loss);
            Assert.Equal(["the payload ended with status 3", "kernel 1: breaks: as it must"], result.Failures);
            Assert.Equal(["works", "breaks", "tries"], result.Reports.Select(report => report.Test));
            Assert.Equal("42", Assert.Single(result.Values, value => value.Name == "answer").Value);
            Assert.Equal("half way", Assert.Single(result.Events).Text);
            Assert.Equal("from the hostfrom the host"u8.ToArray(), Assert.Single(result.Files).Content.ToArray());
            Assert.Equal("no line end", result.StandardOutput);
            Assert.Contains(new VmOutputLine(VmOutputSource.StandardOutput, "no line end"), lines);
            Assert.Equal("from the hostfrom the host", File.ReadAllText(Path.Combine(result.RunFolder!, "sent", "1-both.txt")));
            Assert.Throws<VmNotPassedException>(result.EnsurePassed);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task SignalAndKernelWarning_AreTold()
    {
        VmResult result = await RunAsync(fixture.Shell("""
            echo '<4>WARNING: as a driver would' > /dev/kmsg
            echo '<4>WARNING: mm/memfd_luo.c:1 at f+0x0/0x1, CPU#0: sh/77' > /dev/kmsg
            kill -SEGV $$
            """));
        Assert.EndsWith(
            "WARNING: mm/memfd_luo.c:1 at f+0x0/0x1, CPU#0: sh/77", Assert.Single(result.KernelWarnings), StringComparison.Ordinal);
        Assert.Equal((VmOutcome.Failed, 11), (result.Outcome, result.Signal));
        Assert.Null(result.ExitStatus);
    }

    [Fact]
    public async Task Panic_IsALostMachineWithThePanicsLine()
    {
        VmResult result = await RunAsync(fixture.Shell("luo-guest report before passed; kill -USR2 1; sleep 60"));
        Assert.Equal((VmOutcome.VmLost, VmLostReason.KernelPanic), (result.Outcome, result.Loss?.Reason));
        Assert.Contains("Attempted to kill init! exitcode=0x00006100", result.Loss!.Message, StringComparison.Ordinal);
        Assert.Contains(result.Loss.ConsoleTail, line => line.Contains("Kernel panic", StringComparison.Ordinal));
        Assert.Single(result.Reports);
    }

    /// <summary>The usual way to make a guest panic, here in the first kernel or in its successor.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task SysrqCrash_IsALostMachineWithThePanicsLine(int stage)
    {
        VmResult result = await RunAsync(fixture.Shell($"""
            luo-guest report "stage $(luo-guest stage)" passed
            [ "$(luo-guest stage)" = {stage} ] || luo-guest kexec
            echo c > /proc/sysrq-trigger
            """) with { ExpectedKernels = stage });

        Assert.Equal((VmOutcome.VmLost, VmLostReason.KernelPanic), (result.Outcome, result.Loss?.Reason));
        Assert.Equal(
            $"Kernel {stage} or its successor panicked: Kernel panic - not syncing: sysrq triggered crash",
            result.Loss!.Message);
        Assert.Equal(stage, result.Kernels.Count);
        Assert.Equal(Enumerable.Range(1, stage).Select(n => $"stage {n}"), result.Reports.Select(report => report.Test));
    }

    [Fact]
    public async Task TimeLimit_EndsTheMachine()
    {
        VmResult result = await RunAsync(fixture.Shell("sleep 600") with { KernelTimeLimit = TimeSpan.FromSeconds(1) });
        Assert.Equal((VmOutcome.VmLost, VmLostReason.TimeLimit), (result.Outcome, result.Loss?.Reason));
        Assert.InRange(result.Duration, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task MissingCommand_IsALostMachineThatNamesIt()
    {
        VmResult result = await RunAsync(fixture.Shell("") with { Command = ["no-such-command"] });
        Assert.Equal((VmOutcome.VmLost, VmLostReason.PayloadNotStarted), (result.Outcome, result.Loss?.Reason));
        Assert.Contains("no-such-command", result.Loss!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Garbage_OnTheReportPort_IsALostMachine()
    {
        VmResult result = await RunAsync(fixture.Shell("head -c 4096 /bin/sh > /dev/virtio-ports/luo.report; sleep 60"));
        Assert.Equal((VmOutcome.VmLost, VmLostReason.BadFrame), (result.Outcome, result.Loss?.Reason));
    }

    [Fact]
    public async Task PanicAtBoot_IsALostMachine()
    {
        VmResult result = await RunAsync(fixture.Shell("true") with { KernelCommandLine = ["rdinit=/missing"] });
        Assert.Equal((VmOutcome.VmLost, VmLostReason.KernelPanic), (result.Outcome, result.Loss?.Reason));
        Assert.Empty(result.Kernels);
    }

    [Fact]
    public async Task QemuThatRefusesItsArguments_IsALostMachineWithItsWords()
    {
        VmResult result = await RunAsync(fixture.Shell("true") with { QemuArguments = ["-device", "no-such-device"] });
        Assert.Equal((VmOutcome.VmLost, VmLostReason.QemuFailedToStart), (result.Outcome, result.Loss?.Reason));
        Assert.Contains("no-such-device", result.Loss!.Message, StringComparison.Ordinal);
    }
}

using System.Globalization;
using System.Text.RegularExpressions;
using LuoInterop.Tests.Shared;
using LuoInterop.VmTesting;
using MiniVmm.Guests;
using Xunit;
using Xunit.Abstractions;

namespace LuoInterop.Systemd.VmTests;

/// <summary>Runs MiniVmm as a unit, on KVM in the VM, whose guests systemd keeps over restarts of the unit and over kexecs.</summary>
[Trait("Category", "Systemd")]
public sealed partial class MiniVmmTests(RootFixture fixture, ITestOutputHelper output) : IClassFixture<RootFixture>
{
    private const string Program = Guest.FilesFolder + "/minivmm";

    private const string Initrd = "guest-initrd";

    private static readonly string[] s_settings =
        ["Type=exec", "SuccessExitStatus=143", "FileDescriptorStoreMax=4", "FileDescriptorStorePreserve=yes"];

    [Fact]
    public async Task Guests_GoOnAfterRestarts_AndAfterKexecs_WithAllOfTheirMemory()
    {
        string initrd = Path.Combine(AppContext.BaseDirectory, Initrd);
        await File.WriteAllBytesAsync(initrd, GuestInitrd.Create());
        VmOptions options = fixture.Script(
            3,
            ServiceRun.Functions + $$"""
            stage=$(luo-guest stage)
            lines() { log linux | sed -n 's/.* lines=\([0-9]*\) .*/\1/p' | tail -1; }
            go_on() {
              says pattern "$1"; says linux "$1"
              before=$(lines)
              until [ "$(lines)" -gt "${before:-0}" ]; do sleep 0.5; done
            }
            systemctl start pattern linux
            if [ "$stage" = 1 ]; then
              go_on 'is new; systemd keeps it'
              systemctl restart pattern linux
              go_on 'came back from systemd, 1 so far'
              systemctl restart pattern linux
              go_on 'came back from systemd, 2 so far'
            else
              go_on "came back from systemd, $((stage + 1)) so far"
            fi
            for unit in pattern linux; do
              luo-guest value "$unit.status.$stage" "$({{Program}} status --name $unit --json)"
              luo-guest value "$unit.stored.$stage" "$(systemctl show -P NFileDescriptorStore $unit)"
              if [ "$stage" = 3 ]; then
                {{Program}} stop --name $unit
                until [ "$(systemctl is-active $unit)" = inactive ]; do sleep 0.2; done
                luo-guest value "$unit.stored.end" "$(systemctl show -P NFileDescriptorStore $unit)"
              fi
              send "$unit.$stage" $unit
            done
            [ "$stage" = 3 ] || luo-guest kexec

            # What it wrote in all three kernels, on the way down too.
            journalctl -q -o cat -u linux > /tmp/console
            luo-guest file console /tmp/console
            """,
            ("pattern.service", ServiceRun.Unit(
                $"{Program} run --name pattern --guest pattern --memory 32M --console none --keep", s_settings)),
            ("linux.service", ServiceRun.Unit(
                $"{Program} run --name linux --kernel /run/luo/bzImage --initrd {Guest.FilesFolder}/{Initrd} --memory 128M --keep",
                s_settings)))
            .WithFile("minivmm", NativePrograms.MiniVmm).WithFile(Initrd, initrd);
        VmResult result = await VirtualMachine.RunAsync(options with
        {
            // As MiniVmm's own tests: AMD's virtualization is what QEMU translates, and with one processor it is right.
            CpuModel = "EPYC,+svm,+npt",
            Cpus = 1,
            TimeLimit = TimeSpan.FromMinutes(30),
            KernelTimeLimit = TimeSpan.FromMinutes(10),
        });
        output.Show(result);

        result.EnsurePassed();
        for (int stage = 1; stage <= 3; stage++)
        {
            foreach (string unit in (string[])["pattern", "linux"])
            {
                Assert.Contains("\"running\"", result.Value($"{unit}.status.{stage}"), StringComparison.Ordinal);
                Assert.Equal("1", result.Value($"{unit}.stored.{stage}"));
            }

            Assert.Contains("its memory whole", result.Text($"pattern.{stage}"), StringComparison.Ordinal);
        }

        Assert.Equal(("0", "0"), (result.Value("pattern.stored.end"), result.Value("linux.stored.end")));
        LinuxWentOn(result.Text("console"));
    }

    /// <summary>Holds that one Linux booted, counted on without a gap, and found nothing wrong with its memory and its clocks.</summary>
    private static void LinuxWentOn(string console)
    {
        Assert.Single(Booted().Matches(console));
        int[] lines = [.. Line().Matches(console).Select(static line => int.Parse(line.Groups[1].Value, CultureInfo.InvariantCulture))];
        Assert.True(lines.Length > 5, console);
        Assert.Equal(Enumerable.Range(1, lines.Length), lines);
        string[] counts = [.. Counts().Matches(console).Select(static status => status.Value)];
        Assert.All(counts, static count => Assert.EndsWith("=0", count, StringComparison.Ordinal));
        Assert.NotEmpty(counts);
    }

    [GeneratedRegex(@"^guest Linux ", RegexOptions.Multiline)]
    private static partial Regex Booted();

    [GeneratedRegex(@"^line ([0-9]+)", RegexOptions.Multiline)]
    private static partial Regex Line();

    [GeneratedRegex(@"(mono_back|tsc_back|complaints|errors)=[0-9]+")]
    private static partial Regex Counts();
}

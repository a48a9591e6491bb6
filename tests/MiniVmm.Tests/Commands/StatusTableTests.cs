using MiniVmm.Commands;
using MiniVmm.Control;
using Xunit;

namespace MiniVmm.Tests.Commands;

public sealed class StatusTableTests
{
    private static readonly VmStatus s_vm = new()
    {
        Name = "vm1", State = "running", Cpus = 2, Memory = 512L << 20, Updates = 3, Pid = 1234, Console = "terminal",
        LastBlackout = new BlackoutStatus("update", 1_234_567_890, []),
    };

    [Fact]
    public void Table_HasTheColumnsOfEachVm()
    {
        Assert.Equal(
            [
                "NAME  STATE    CPUS  MEMORY  UPDATES  STOOD STILL   PID  CONSOLE",
                "vm1   running     2    512M        3    1234.6 ms  1234  terminal",
                "vm10  paused      2    512M        3            -  1234  none",
            ],
            StatusTable.Lines([s_vm, s_vm with { Name = "vm10", State = "paused", LastBlackout = null, Console = "none" }]));
    }

    [Fact]
    public void WidestVm_FitsIn80Columns()
    {
        VmStatus widest = s_vm with
        {
            Name = new string('n', VmName.MaxLength), State = "stopping", Memory = (1L << 40) - 4096, Updates = 9999, Pid = 4194304,
            LastBlackout = new BlackoutStatus("update", 9_999_900_000, []), Cpus = 4,
            Reason = "a sentence that is longer than a line, so that it has to be put into several of them, each of which is narrow enough",
        };

        IReadOnlyList<string> lines = StatusTable.Lines([widest]);

        Assert.True(lines.Count > 3);
        Assert.All(lines, static line => Assert.True(line.Length <= StatusTable.Width, $"{line.Length}: {line}"));
    }

    [Fact]
    public void FailedVm_HasItsReasonBelow()
    {
        VmStatus failed = s_vm with { State = "failed", Cpus = 0, Memory = 0, Reason = "KVM is not there." };
        IReadOnlyList<string> lines = StatusTable.Lines([failed]);

        Assert.Equal("  KVM is not there.", lines[^1]);
        Assert.Matches(@"^vm1\s+failed\s+-\s+-\s+3\s", lines[1]);
    }
}

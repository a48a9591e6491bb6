using System.Text;
using LuoInterop.Emulation.Server.Tests.Support;
using LuoInterop.Tests.Shared;

namespace LuoInterop.Emulation.Server.Tests;

/// <summary>Shows each row of the table of differences, and holds the table and its page together.</summary>
public sealed class DifferenceTests
{
    private const string Prefix = "program-";

    /// <summary>Rows that have tests of their own.</summary>
    private static readonly Dictionary<string, string> s_elsewhere = new()
    {
        ["write-past-the-end"] = nameof(DescriptorTests.WritePastTheEndOfAPreservedFile_IsReportedAtTheKexec),
        ["debugfs-then"] = nameof(Debugfs_IsOfTheBoot_UnlessEverythingIsTrapped),
    };

    [Theory]
    [InlineData(false, "0", "0140777", "020666 1", "ENOTCONN", "ENOTTY", "socket", "ENODEV", "EBADF")]
    [InlineData(true, "EBUSY", "0600", "020600 10", "EINVAL", "EINVAL", "anon_i", "EACCES", "EINVAL")]
    public async Task Program_SeesWhatTheTableSays(
        bool trapsEverything, string lateOpen, string session, string node, string write, string ioctl, string link, string mmap,
        string place)
    {
        await using ProgramMachine machine = Machines.Make(trapsEverything);
        string output = Machines.Succeeded(await machine.RunAsync(CProgram.Build("differences")));
        Dictionary<string, string> seen = output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(static line => line.Split(' ', 2)).ToDictionary(static words => words[0], static words => words[1]);
        Assert.Equal("anon_inode:[luo_session] a", seen["readlink"]);
        Assert.True(seen.Remove("readlink"));
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["late-open"] = lateOpen,
                ["status-of-a-session"] = session,
                ["device-node"] = node,
                ["write-to-a-session"] = write,
                ["other-ioctl"] = ioctl,
                ["realpath"] = link,
                ["kexec-load"] = "ENOSYS",
                ["mmap-of-a-session"] = mmap,
                ["path-descriptors"] = place,
                ["seccomp-listener"] = "EBUSY",
                ["seccomp-mode"] = "2 EINVAL",
            },
            seen);
        Assert.Equal(
            ProgramDifferences.All.Select(static row => row.Id).Order(StringComparer.Ordinal),
            seen.Keys.Concat(s_elsewhere.Keys).Select(static id => Prefix + id).Order(StringComparer.Ordinal));
    }

    /// <summary>Where files are mounted, debugfs is for root alone, as on Linux.</summary>
    [Theory]
    [MemberData(nameof(Machines.BothWays), MemberType = typeof(Machines))]
    public async Task Debugfs_IsOfTheBoot_UnlessEverythingIsTrapped(bool trapsEverything)
    {
        await using ProgramMachine machine = Machines.Make(trapsEverything);
        ProgramEnd end = await machine.RunAsync("sh", "-c", "cat /sys/kernel/debug/kho/out/scratch_phys");
        bool isShown = trapsEverything || Environment.IsPrivilegedProcess;
        Assert.Equal(isShown, end.ExitCode == 0 && end.Output.StartsWith("0x", StringComparison.Ordinal));
    }

    [Fact]
    public void Page_HasTheTable()
    {
        var table = new StringBuilder("\n| id | call | a program sees | Linux | why |\n|---|---|---|---|---|\n");
        foreach (EmulatedDifference row in ProgramDifferences.All)
        {
            table.Append($"| {row.Id} | {row.Call} | {row.Emulated} | {row.Linux} | {row.Why} |\n");
        }

        DifferencePage.AssertHas("programs.md", "program-differences", table.Append('\n').ToString());
    }
}

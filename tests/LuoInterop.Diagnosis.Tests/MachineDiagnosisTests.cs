using LuoInterop.Tests.Shared;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace LuoInterop.Diagnosis.Tests;

/// <summary>Holds what a whole diagnosis is: a row for each check, and one answer.</summary>
public sealed class MachineDiagnosisTests : IDisposable
{
    private readonly MachineFolder _machine = MachineFolder.Ready();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void EveryCheck_HasARow_AndNamesThatAreItsOwn()
    {
        MachineDiagnosis diagnosis = Run();
        Assert.Equal(MachineDiagnosis.CheckIds, diagnosis.Results.Select(static row => row.Id));
        Assert.Distinct(MachineDiagnosis.CheckIds);
        Assert.All(MachineDiagnosis.CheckIds, static id => Assert.Matches("^[a-z0-9]+(-[a-z0-9]+)*$", id));
        Assert.All(diagnosis.Results, static row => Assert.True(row.Title.Length > 0 && row.Evidence.Length > 0, row.Id));
    }

    [Fact]
    public void MachineThatHasAll_IsReady()
    {
        MachineDiagnosis diagnosis = Run();
        Assert.Equal(Readiness.Ready, diagnosis.Answer());
        Assert.Equal(Readiness.Ready, diagnosis.Answer(strict: true));
        Assert.Equal(Readiness.Ready, Run(_machine.AfterHandover()).Answer());
    }

    [Fact]
    public void Warning_IsInTheWayOnlyWhereThatIsWanted()
    {
        MachineDiagnosis diagnosis = Run(_machine.With("usr/sbin/kexec", ""));
        Assert.Equal((Readiness.Ready, Readiness.NotReady), (diagnosis.Answer(), diagnosis.Answer(strict: true)));
    }

    [Fact]
    public void WhatCannotBeKnown_IsUnknown_UnlessSomethingIsInTheWay()
    {
        Assert.Equal(Readiness.Unknown, Run(_machine.With("sys/kernel/kexec/loaded", "1")).Answer(strict: true));
        Assert.Equal(Readiness.NotReady, Run(_machine.With("proc/cmdline", "kho=on")).Answer());
    }

    [Fact]
    public void EmptyFolder_HasARowForEachCheck_AndIsNotReady()
    {
        using var empty = new MachineFolder();
        MachineDiagnosis diagnosis = Run(empty);
        Assert.Equal(MachineDiagnosis.CheckIds.Count, diagnosis.Results.Count);
        Assert.Equal(Readiness.NotReady, diagnosis.Answer());
        Assert.DoesNotContain(diagnosis.Results, row => row.Id is "kernel-release" or "config-kho" && row.Verdict != CheckVerdict.Unknown);
    }

    [Fact]
    public void WrongWords_AreRefused()
    {
        Assert.Throws<ArgumentException>(() => MachineDiagnosis.Run(new DiagnosisOptions { Only = ["no-such"] }));
        Assert.Throws<DirectoryNotFoundException>(() => MachineDiagnosis.Run(new DiagnosisOptions { Root = "/no/such" }));
        Assert.Throws<IOException>(() => MachineDiagnosis.Run(new DiagnosisOptions { KernelImage = "/no/such" }));
        Assert.Throws<InvalidDataException>(() => MachineDiagnosis.Run(new DiagnosisOptions { Configuration = "/no/such" }));
        Assert.Throws<InvalidDataException>(() => MachineDiagnosis.Run(new DiagnosisOptions { KernelImage = "/proc/self/exe" }));
    }

    [Fact]
    public void Links_StayInTheFolder()
    {
        _machine.Without("proc/cmdline").With("etc/line", "kho=off liveupdate=off").Link("proc/cmdline", "/etc/line")
            .Says("boot-liveupdate", CheckVerdict.Fail, "liveupdate=off");
        _machine.Without("proc/cmdline").Link("proc/cmdline", "../../../../../etc/line").Says("boot-liveupdate", CheckVerdict.Fail, "=off");
        _machine.Without("proc/cmdline").Link("proc/cmdline", "cmdline");
        Assert.Throws<IOException>(() => Run());
    }

    [Fact]
    public void ThisMachine_IsLookedAtWithoutAFault()
    {
        MachineDiagnosis diagnosis = MachineDiagnosis.Run();
        Assert.Equal(MachineDiagnosis.CheckIds, diagnosis.Results.Select(static row => row.Id));
        string release = File.ReadAllText("/proc/sys/kernel/osrelease").Trim();
        Assert.Contains(release, diagnosis.Results.Single(static row => row.Id == "kernel-release").Evidence, StringComparison.Ordinal);
        Assert.Equal(
            File.Exists("/dev/liveupdate") ? CheckVerdict.Ok : CheckVerdict.Fail,
            diagnosis.Results.Single(static row => row.Id == "device").Verdict);
    }

    [Fact]
    public void ThisProcess_IsNamedForAMemfdThatCannotBePreserved()
    {
        const uint MFD_HUGETLB = 4;
        int descriptor = Kernel.Linux.MemfdCreate("of huge pages", MFD_HUGETLB);
        Assert.True(descriptor >= 0, $"memfd_create: {(Errno)(-descriptor)}");
        using var file = new SafeFileHandle(descriptor, ownsHandle: true);
        CheckResult row = Assert.Single(MachineDiagnosis.Run(new DiagnosisOptions { Only = ["memfds"] }).Results);
        Assert.Equal(CheckVerdict.Warn, row.Verdict);
        Assert.Contains("huge pages", row.Evidence, StringComparison.Ordinal);
    }

    [Fact]
    public void Image_IsJudgedInsteadOfTheKernelThatRuns()
    {
        using var made = new MachineFolder();
        string image = made.WithBzImage("image", "7.3.4-test");
        made.With("configuration", MachineFolder.Configuration());
        var options = new DiagnosisOptions
        {
            Root = _machine.Root, KernelImage = image, Configuration = Path.Combine(made.Root, "configuration"),
        };
        Found.Says(options, "config-kho", CheckVerdict.Ok);
        Found.Says(options, "kernel-release", CheckVerdict.Ok, "7.3.4-test");
        Found.Says(options, "device", CheckVerdict.NotLookedAt, image);
        Found.Says(options, "boot-liveupdate", CheckVerdict.Ok);
    }

    private MachineDiagnosis Run(MachineFolder? machine = null) =>
        MachineDiagnosis.Run(new DiagnosisOptions { Root = (machine ?? _machine).Root });
}

using LuoInterop.Tests.Shared;
using Xunit;
using static LuoInterop.Diagnosis.CheckVerdict;

namespace LuoInterop.Diagnosis.Tests.Checks;

/// <summary>Holds the rows of the kernel, its configuration and its command line.</summary>
public sealed class KernelChecksTests : IDisposable
{
    private readonly MachineFolder _machine = MachineFolder.Ready();

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData("x86_64", Ok)]
    [InlineData("aarch64", Ok)]
    [InlineData("riscv64", Fail)]
    public void Architecture_HasKho(string name, CheckVerdict verdict) =>
        _machine.With("proc/sys/kernel/arch", name).Says("architecture", verdict, name);

    [Fact]
    public void Architecture_ThatNothingTells_IsUnknown() => _machine.Without("proc/sys/kernel/arch").Says("architecture", Unknown);

    [Theory]
    [InlineData("6.12.9-amd64", Fail, "neither KHO")]
    [InlineData("6.18.1", Fail, "no LUO")]
    [InlineData("6.19.0", Warn, "7.2 and later do not read")]
    [InlineData("7.1.3-2-generic", Warn, "7.2 and later do not read")]
    [InlineData("7.2.0-rc3", Warn, "7.2 and later do not read")]
    [InlineData("7.2.6", Ok, "luo-v5")]
    [InlineData("7.3.4-cloud-amd64", Ok, "luo-v5")]
    [InlineData("7.4.0-rc1", Ok, "luo-v5")]
    [InlineData("8.0.1", Ok, "up to 7.3 are known")]
    [InlineData("vendor", Unknown, "no version")]
    [InlineData("7", Unknown, "no version")]
    public void Release_HasLuo(string release, CheckVerdict verdict, string words) =>
        _machine.With("proc/sys/kernel/osrelease", release).Says("kernel-release", verdict, words);

    [Fact]
    public void Release_ThatNothingTells_IsUnknown() => _machine.Without("proc/sys/kernel/osrelease").Says("kernel-release", Unknown);

    [Theory]
    [InlineData("config-kho", "CONFIG_KEXEC_HANDOVER")]
    [InlineData("config-liveupdate", "CONFIG_LIVEUPDATE")]
    [InlineData("config-memfd", "CONFIG_LIVEUPDATE_MEMFD")]
    [InlineData("config-kexec-file", "CONFIG_KEXEC_FILE")]
    public void Configuration_NeedsEach(string id, string option)
    {
        _machine.Says(id, Ok, "/boot/config-7.3.4");
        _machine.With("boot/config-7.3.4", MachineFolder.Configuration($"{option}=n")).Says(id, Fail, "not set");
        _machine.Without("boot/config-7.3.4");
        _machine.Says(id, id == "config-memfd" ? Unknown : Ok);
        _machine.Without("dev/liveupdate").Says(id, Unknown);
        using var file = new MachineFolder();
        file.With("other", MachineFolder.Configuration($"{option}=n"));
        Found.Says(new DiagnosisOptions { Root = _machine.Root, Configuration = Path.Combine(file.Root, "other") }, id, Fail);
    }

    [Theory]
    [InlineData("usr/lib/modules/7.3.4/config")]
    [InlineData("lib/modules/7.3.4/build/.config")]
    public void Configuration_IsFoundElsewhere(string place) => _machine.Without("boot/config-7.3.4").Without("dev/liveupdate")
        .With(place, MachineFolder.Configuration()).Says("config-kho", Ok, $"/{place}");

    [Fact]
    public void Configuration_ThatIsCut_IsUnknown() =>
        _machine.Without("dev/liveupdate").With("boot/config-7.3.4", "CONFIG_KEXEC=y\n").Says("config-kho", Unknown);

    [Fact]
    public void DebugFs_IsNotNeeded()
    {
        _machine.Says("config-debugfs", Ok);
        _machine.With("boot/config-7.3.4", MachineFolder.Configuration("CONFIG_KEXEC_HANDOVER_DEBUGFS=n")).Says("config-debugfs", Warn);
        _machine.Without("boot/config-7.3.4").Says("config-debugfs", Ok, "is there");
        _machine.Without("sys/kernel/debug/kho").Says("config-debugfs", NotLookedAt);
    }

    [Theory]
    [InlineData("boot-kho", "kho=on liveupdate=on", Ok)]
    [InlineData("boot-kho", "kho liveupdate=on", Fail)]
    [InlineData("boot-kho", "kho=on kho=off", Fail)]
    [InlineData("boot-kho", "liveupdate=on -- kho=on", Fail)]
    [InlineData("boot-liveupdate", "kho=on liveupdate=1", Ok)]
    [InlineData("boot-liveupdate", "kho=on", Fail)]
    [InlineData("boot-liveupdate", "liveupdate=on liveupdate=0", Fail)]
    [InlineData("boot-crash-kernel", "kho=on", Ok)]
    [InlineData("boot-crash-kernel", "kho=on elfcorehdr=0x1000", Fail)]
    [InlineData("boot-scratch", "kho=on", Ok)]
    [InlineData("boot-scratch", "kho_scratch=200%", Ok)]
    [InlineData("boot-scratch", "kho_scratch=16M,512M,64M", Ok)]
    [InlineData("boot-scratch", "kho_scratch=0,0,0", Fail)]
    [InlineData("boot-scratch", "kho_scratch=16M,512M", Fail)]
    [InlineData("boot-scratch", "kho_scratch=16M,512M,64Mx", Fail)]
    [InlineData("boot-scratch", "kho_scratch", Fail)]
    [InlineData("boot-scratch", "kho_bootmem=200%", Warn)]
    public void CommandLine_IsReadAsTheKernelDoes(string id, string line, CheckVerdict verdict) =>
        _machine.With("proc/cmdline", line).Says(id, verdict);

    [Theory]
    [InlineData("boot-kho", Unknown)]
    [InlineData("boot-liveupdate", Unknown)]
    [InlineData("boot-crash-kernel", NotLookedAt)]
    [InlineData("boot-scratch", NotLookedAt)]
    public void CommandLine_ThatIsNotShown(string id, CheckVerdict verdict) => _machine.Without("proc/cmdline").Says(id, verdict);

    [Fact]
    public void Kho_MayBeOnByDefault()
    {
        _machine.With("proc/cmdline", "liveupdate=on");
        _machine.With("boot/config-7.3.4", MachineFolder.Configuration("CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT=y"))
            .Says("boot-kho", Ok, "by default");
        _machine.Without("boot/config-7.3.4").Says("boot-kho", Ok, "KHO is on");
        _machine.Without("dev/liveupdate").Without("sys/kernel/debug/kho").Says("boot-kho", Unknown);
    }

    [Fact]
    public void Scratch_OfLinux74_HasItsName()
    {
        _machine.With("proc/sys/kernel/osrelease", "7.4.1").With("proc/cmdline", "kho_bootmem=200%").Says("boot-scratch", Ok);
        _machine.With("proc/cmdline", "kho_scratch=200%").Says("boot-scratch", Warn, "kho_bootmem");
    }

    [Fact]
    public void Scratch_AfterAHandover_IsOfNoEffect() =>
        _machine.AfterHandover().With("proc/cmdline", "kho_scratch=200%").Says("boot-scratch", Ok, "no effect");

    [Fact]
    public void Kho_IsOnOrOff()
    {
        _machine.Says("kho", Ok, "LUO", "kexec-metadata");
        _machine.Without("sys/kernel/debug/kho/out/sub_fdts").Says("kho", Ok);
        _machine.Without("sys/kernel/debug/kho").Says("kho", Ok, "/dev/liveupdate is there");
        _machine.Without("dev/liveupdate").Says("kho", Unknown);
        _machine.With("sys/kernel/debug/kho/in/fdt", "x").Says("kho", Fail, "no folder out");
        _machine.Without("sys/kernel/debug/kho").With("proc/cmdline", "kho=off").Says("kho", Fail, "kho=off");
        _machine.With("boot/config-7.3.4", MachineFolder.Configuration("CONFIG_KEXEC_HANDOVER=n")).Says("kho", Fail, "built without");
    }

    [Fact]
    public void Luo_IsOfAKnownForm()
    {
        const string File = "sys/kernel/debug/kho/out/sub_fdts/LUO";
        _machine.Says("luo", Ok, "luo-v5", "0 live updates");
        _machine.With(File, MachineFolder.Luo(1, "luo-v6")).Says("luo", Unknown, "luo-v6");
        _machine.With(File, "\u007fELF").Says("luo", Fail, "damaged");
        _machine.Without(File).Says("luo", Fail, "off");
        _machine.Without("sys/kernel/debug/kho").Says("luo", NotLookedAt);
        _machine.Without("dev/liveupdate").With("proc/cmdline", "kho=off").Says("luo", NotLookedAt, "KHO is off");
    }

    [Fact]
    public void Handover_IsTakenOrLost()
    {
        _machine.Says("handover", Ok, "without a handover");
        _machine.AfterHandover().Says("handover", Ok, "7.3.3", "kho-v4", "LUO");
        _machine.Without("dev/liveupdate").Says("handover", Fail, "nobody gets it");
        _machine.With("sys/kernel/debug/kho/in/fdt", MachineFolder.Tree("kho-v9")).Says("handover", Unknown, "kho-v9");
        _machine.With("sys/kernel/debug/kho/in/fdt", "nothing").Says("handover", Fail, "cannot be read");
        _machine.Without("sys/kernel/debug/kho").Says("handover", NotLookedAt);
    }

    [Theory]
    [InlineData("KHO: Failed to reserve scratch area, disabling kexec handover")]
    [InlineData("KHO: disabling KHO revival")]
    [InlineData("luo_core: Disabling liveupdate because KHO is disabled")]
    [InlineData("luo_session: Unable to finish session [a] on release")]
    public void Log_TellsOfTrouble(string message) =>
        _machine.With("var/log/dmesg", $"[    0.1] {message}\n").Says("kernel-log", Warn, message);

    [Fact]
    public void Log_WithoutTrouble()
    {
        _machine.Says("kernel-log", Ok, "1 message");
        _machine.With("var/log/dmesg", "[    0.1] nfs: failed to mount\n").Says("kernel-log", Ok, "nothing");
        _machine.Without("var/log/dmesg").Says("kernel-log", NotLookedAt);
    }

    [Theory]
    [InlineData("7.3.4", "fault-empty-block", Ok)]
    [InlineData("7.3.4", "fault-limits", Ok)]
    [InlineData("7.1.2", "fault-limits", Warn)]
    [InlineData("7.2.5", "fault-finish-reserved", Ok)]
    [InlineData("7.0.3", "fault-crash-kernel", Warn)]
    [InlineData("6.19.2", "fault-clean-folios", Warn)]
    [InlineData("6.18.2", "fault-clean-folios", Ok)]
    [InlineData("7.2.0-rc3", "fault-get-name", Warn)]
    [InlineData("7.2.0-rc5", "fault-get-name", Ok)]
    [InlineData("7.2.0", "fault-get-name", Ok)]
    [InlineData("vendor", "fault-get-name", NotLookedAt)]
    public void Fault_IsOfSomeVersions(string release, string id, CheckVerdict verdict) =>
        _machine.With($"boot/config-{release}", MachineFolder.Configuration()).With("proc/sys/kernel/osrelease", release).Says(id, verdict);

    [Fact]
    public void Fault_OfAKernelWithoutLuo_IsNotLookedAt() =>
        _machine.With("boot/config-7.3.4", MachineFolder.Configuration("CONFIG_LIVEUPDATE=n")).Says("fault-exec-seal", NotLookedAt);
}

using LuoInterop.Tests.Shared;
using Xunit;
using static LuoInterop.Diagnosis.CheckVerdict;

namespace LuoInterop.Diagnosis.Tests.Checks;

/// <summary>Holds the rows of the device, of kexec, of systemd and of memory.</summary>
public sealed class MachineChecksTests : IDisposable
{
    private const string Session = "anon_inode:[luo_session]";
    private readonly MachineFolder _machine = MachineFolder.Ready();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Device_IsThereOrNot()
    {
        _machine.Says("device", Ok, "not opened");
        _machine.Without("dev/liveupdate").Says("device", Fail);
        _machine.Says("device-access", NotLookedAt);
        _machine.Says("device-holder", NotLookedAt);
    }

    [Fact]
    public void Device_HasOwnerAndGroupByTheNamesOfItsMachine()
    {
        _machine.Says("device-access", Ok, "0600");
        _machine.With("etc/passwd", $"vmm:x:{Id("-u")}:0::/:/bin/sh\n").With("etc/group", $"virt:x:{Id("-g")}:\n")
            .Says("device-access", Ok, "vmm:virt");
        _machine.Mode("dev/liveupdate", UnixFileMode.UserRead | UnixFileMode.OtherRead).Says("device-access", Warn, "everybody");
    }

    [Fact]
    public void Device_IsHeldBySomebodyOfAUnit()
    {
        _machine.Says("device-holder", Ok);
        _machine.WithProcess(812, "minivmm", "1:name=systemd:/\n0::/system.slice/minivmm.service", "/dev/null", "/dev/liveupdate")
            .Says("device-holder", Warn, "minivmm (pid 812, minivmm.service, user 0)");
        _machine.Without("proc/1").Without("proc/812").Says("device-holder", NotLookedAt);
    }

    [Theory]
    [InlineData("kexec-loaded", "0", Ok)]
    [InlineData("kexec-loaded", "1", Ok)]
    [InlineData("kexec-loaded", "?", Unknown)]
    [InlineData("kexec-load-call", "0", NotLookedAt)]
    [InlineData("kexec-load-call", "1", Unknown)]
    public void NextKernel_IsLoadedOrNot(string id, string loaded, CheckVerdict verdict) =>
        _machine.With("sys/kernel/kexec/loaded", loaded).Says(id, verdict);

    [Fact]
    public void NextKernel_OfAKernelThatCannotKexec() =>
        _machine.Without("sys/kernel/kexec").With("boot/config-7.3.4", MachineFolder.Configuration("CONFIG_KEXEC_FILE=n"))
            .Says("kexec-loaded", Fail);

    [Fact]
    public void LoadCall_IsKnownWhereThereIsOneOnly()
    {
        _machine.With("sys/kernel/kexec/loaded", "1");
        _machine.With("boot/config-7.3.4", MachineFolder.Configuration("CONFIG_KEXEC=n")).Says("kexec-load-call", Ok);
        _machine.With("boot/config-7.3.4", MachineFolder.Configuration("CONFIG_KEXEC_FILE=n"))
            .Says("kexec-load-call", Fail, "gets nothing");
        _machine.With("boot/config-7.3.4", MachineFolder.Configuration())
            .With("sys/kernel/security/lockdown", "none [integrity] confidentiality")
            .Says("kexec-load-call", Ok, "integrity");
    }

    [Fact]
    public void KexecTools_FallBack()
    {
        _machine.Says("kexec-tools", Ok, "not installed");
        _machine.With("usr/sbin/kexec", "").Says("kexec-tools", Warn, "-a");
        _machine.With("etc/default/kexec", "# LOAD_KEXEC=true\nLOAD_KEXEC=true\n").Says("kexec-tools", Warn, "LOAD_KEXEC=true");
        _machine.With("boot/config-7.3.4", MachineFolder.Configuration("CONFIG_KEXEC=n")).Says("kexec-tools", Ok);
    }

    [Theory]
    [InlineData("0", "-1", "0", Ok)]
    [InlineData("0", "3", "0", Ok)]
    [InlineData("1", "-1", "0", Fail)]
    [InlineData("0", "0", "0", Fail)]
    [InlineData("1", "-1", "1", Warn)]
    public void Loading_MayBeSwitchedOff(string disabled, string left, string loaded, CheckVerdict verdict) =>
        _machine.With("proc/sys/kernel/kexec_load_disabled", disabled).With("proc/sys/kernel/kexec_load_limit_reboot", left)
            .With("sys/kernel/kexec/loaded", loaded).Says("kexec-disabled", verdict);

    [Fact]
    public void Loading_WithoutTheSwitches_IsNotLookedAt() =>
        _machine.Without("proc/sys/kernel/kexec_load_disabled").Without("proc/sys/kernel/kexec_load_limit_reboot")
            .Says("kexec-disabled", NotLookedAt);

    [Fact]
    public void Lockdown_WantsSignatures()
    {
        _machine.Says("lockdown", Ok);
        _machine.With("sys/kernel/security/lockdown", "none integrity [confidentiality]").Says("lockdown", Warn, "confidentiality");
        _machine.Without("sys/kernel/security/lockdown").Says("lockdown", NotLookedAt);
        _machine.With("boot/config-7.3.4", MachineFolder.Configuration("CONFIG_KEXEC_SIG_FORCE=y")).Says("lockdown", Warn, "SIG_FORCE");
    }

    [Fact]
    public void Systemd_CarriesStoresSince261()
    {
        _machine.Says("systemd", NotLookedAt);
        _machine.With("proc/1/comm", "systemd\n").Says("systemd", NotLookedAt, "No systemd");
        _machine.With("usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-257.so", "").Says("systemd", Warn, "257");
        _machine.With("usr/lib/systemd/libsystemd-shared-262.so", "").Says("systemd", Ok, "262");
    }

    [Fact]
    public void Systemd_FindsTheDeviceFreeOrNot()
    {
        _machine.Says("systemd-shutdown", NotLookedAt);
        _machine.With("proc/1/comm", "systemd\n").Says("systemd-shutdown", NotLookedAt);
        _machine.With("usr/lib/systemd/libsystemd-shared-262-4.fc50.so", "").Says("systemd-shutdown", Ok, "262");
        _machine.WithProcess(5, "thief", "0::/", $"{Session} systemd").Says("systemd-shutdown", Fail, "thief");
        _machine.WithProcess(6, "vmm", "0::/a.service", "/dev/liveupdate").Says("systemd-shutdown", Warn, "vmm", "EBUSY");
    }

    [Theory]
    [InlineData(262, 262, Ok)]
    [InlineData(261, 262, Ok)]
    [InlineData(262, 261, Fail)]
    [InlineData(257, 252, NotLookedAt)]
    public void Systemd_ThatIsOlderAfterTheBoot(int running, int installed, CheckVerdict verdict) =>
        _machine.With("proc/1/comm", "systemd\n")
            .With("proc/1/maps", $"7f00-7f01 r-xp 0 fd:00 1 /usr/lib/systemd/libsystemd-core-{running}.so\n")
            .With($"usr/lib/systemd/libsystemd-shared-{installed}.so", "").Says("systemd-downgrade", verdict);

    [Fact]
    public void Kho_TakesMemory()
    {
        _machine.Says("memory-kho", Ok, "132 MiB in 2 areas", "1.6%");
        _machine.With("proc/meminfo", "MemTotal: 819200 kB\n").Says("memory-kho", Warn, "16.5%");
        _machine.With("proc/cmdline", "quiet").Says("memory-kho", Warn, "by default", "nothing uses it");
        _machine.With("sys/kernel/debug/kho/out/scratch_len", "many\n").Says("memory-kho", Unknown);
        _machine.Without("sys/kernel/debug/kho/out/scratch_len").Says("memory-kho", NotLookedAt);
        _machine.Without("sys/kernel/debug/kho").Without("dev/liveupdate").With("proc/cmdline", "kho=off")
            .Says("memory-kho", Ok, "takes none");
    }

    [Fact]
    public void Kho_HidesItsMemoryInCma()
    {
        _machine.Says("memory-cma", Ok, "CmaTotal 0 B", "132 MiB");
        _machine.With("proc/meminfo", "MemTotal: 134217728 kB\nCmaTotal: 0 kB\nCmaFree: 10171187 kB\n")
            .Says("memory-cma", Warn, "9.7 GiB", "pinned");
        _machine.With("proc/meminfo", "MemTotal: 1 kB\n").Without("sys/kernel/debug/kho").Says("memory-cma", NotLookedAt);
    }

    [Fact]
    public void Memfds_ThatCannotBePreserved()
    {
        _machine.Says("memfds", Ok, "0 memory files");
        _machine.WithProcess(7, "a", "0::/", "/memfd:x (deleted)").Says("memfds", Ok, "1 could not be looked at");
        _machine.WithProcess(8, "b", "0::/", "/secretmem (deleted)", "anon_inode:[kvm-gmem]", "/anon_hugepage (deleted)")
            .Says("memfds", Warn, "3 of 4", "memfd_secret", "guest_memfd", "huge pages");
        _machine.Without("proc").Says("memfds", NotLookedAt);
    }

    [Theory]
    [InlineData("7.3.4", "0", Ok)]
    [InlineData("7.3.4", "1", Warn)]
    [InlineData("7.3.4", "2", Warn)]
    [InlineData("7.0.4", "1", Ok)]
    public void MemfdNoexec_MakesMemfdsReadOnly(string release, string value, CheckVerdict verdict) =>
        _machine.With("proc/sys/kernel/osrelease", release).With("proc/sys/vm/memfd_noexec", value).Says("memfd-noexec", verdict);

    [Fact]
    public void MemfdNoexec_ThatIsNotShown() => _machine.Without("proc/sys/vm/memfd_noexec").Says("memfd-noexec", NotLookedAt);

    [Theory]
    [InlineData(0, Ok)]
    [InlineData(50, Ok)]
    [InlineData(51, Warn)]
    [InlineData(102, Warn)]
    public void Sessions_AMultipleOf51(int count, CheckVerdict verdict)
    {
        // One of them is held twice.
        string[] links = [.. Enumerable.Range(0, count).Select(static i => $"{Session} s{i}"), .. count > 0 ? new[] { $"{Session} s0" } : []];
        _machine.WithProcess(9, "many", "0::/", links).Says("sessions-51", verdict);
    }

    [Fact]
    public void Sessions_OfOlderKernels_HaveNoBlocks()
    {
        _machine.With("proc/sys/kernel/osrelease", "7.1.0").Says("sessions-51", Ok);
        _machine.With("proc/sys/kernel/osrelease", "7.3.0").Without("proc/1").Says("sessions-51", NotLookedAt);
    }

    private static string Id(string what)
    {
        using var process = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo("id", [what]) { RedirectStandardOutput = true })!;
        string id = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return id;
    }
}

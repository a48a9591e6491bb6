using System.Globalization;
using System.IO.Compression;
using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;
using LuoInterop.Emulation.Kvm;
using LuoInterop.Emulation.Luo;
using LuoInterop.Emulation.Memfd;
using LuoInterop.Emulation.Previews.HugeTlb;
using LuoInterop.Emulation.Previews.Versions;
using LuoInterop.Interop;
using LuoInterop.KernelImages;
using LuoInterop.Kho;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Emulation.Boot;

/// <summary>One boot of an emulated kernel: what its processes share.</summary>
/// <remarks>All state is guarded by <see cref="Lock"/>; Linux uses luo_session_serialize_rwsem, and a mutex for each session.</remarks>
internal sealed partial class EmulatedKernel
{
    private readonly EmulatedMachine _machine;
    private readonly bool _hasMemfdHandler;
    private readonly KernelFeatures _features;
    private readonly List<ModuleContext> _modules = [];
    private volatile EmulatedRebootException? _end;

    private EmulatedKernel(EmulatedMachine machine, BootParameters parameters, KexecHandover handover, KernelProfile profile)
    {
        _machine = machine;
        Release = parameters.Release;
        CommandLine = parameters.CommandLine;
        Handover = handover;
        Profile = profile;
        Luo = profile.Luo is { } format ? new LuoCore(handover, profile, format(handover), machine.Faults) : null;
        Inodes = new MemfdInodes(machine.Options.Host);
        MemfdCalls = new MemfdCalls(Inodes, machine.Options.LargestFolioOrder);
        Kvm = profile.HasGuestMemfd ? new KvmModule(handover) { DefaultGuest = machine.Options.DefaultGuest } : null;
        _hasMemfdHandler = !machine.Faults.LacksMemfdHandler() && parameters.Features.Memfd != false;
        _features = parameters.Features;
        IsLiveUpdateOn = KernelParameter.Switch(parameters.Early, "liveupdate") == true;
    }

    public Lock Lock { get; } = new();

    public string Release { get; }

    public string CommandLine { get; }

    public EmulatedMachineOptions Options => _machine.Options;

    public KexecHandover Handover { get; }

    /// <summary>Gets what this release does.</summary>
    public KernelProfile Profile { get; }

    /// <summary>Gets LUO, on or off; null on a release without it.</summary>
    public LuoCore? Luo { get; }

    /// <summary>Gets whether the command line has <c>liveupdate=on</c>.</summary>
    public bool IsLiveUpdateOn { get; }

    /// <summary>Gets LUO's device; null without KHO or <c>liveupdate=on</c>.</summary>
    public LuoDevice? Device { get; private set; }

    public KernelFiles Files { get; } = new();

    /// <summary>Gets whether images may be loaded.</summary>
    public KexecLimits KexecLimits { get; } = new();

    public MemfdInodes Inodes { get; }

    public MemfdCalls MemfdCalls { get; private set; }

    /// <summary>Gets HugeTLB; null where it is not emulated.</summary>
    public HugeTlbCore? HugeTlb { get; private set; }

    /// <summary>Gets KVM; null where it is not emulated, and /dev/kvm is the host's.</summary>
    public KvmModule? Kvm { get; }

    /// <summary>Gets whether reboot(2) was obeyed. Safe to read from any thread.</summary>
    public bool HasEnded => _end is not null;

    /// <summary>Gets the command of the reboot(2) that was obeyed; null while the kernel runs.</summary>
    public uint? EndCommand => _end?.Command;

    /// <summary>Gets the faults of the machine.</summary>
    public FaultInjection Faults => _machine.Faults;

    /// <summary>Boots: the order is that of the kernel's initcalls.</summary>
    /// <exception cref="EmulatedKernelPanicException">What the previous kernel left is not sound.</exception>
    public static EmulatedKernel Boot(EmulatedMachine machine, PhysicalMemory memory, BootParameters parameters)
    {
        if (!KernelProfile.TryFind(parameters.Release, out KernelProfile? profile))
        {
            throw new InvalidOperationException($"Linux {parameters.Release} was loaded, but cannot be emulated.");
        }

        parameters = parameters.WithBuiltIn(machine.Options.BuiltInCommandLine);
        KernelFeatures features = parameters.Features;
        profile = profile.BuiltWith(features);
        bool isBuiltIn = features.KexecHandover != false;
        KexecHandover handover = KhoEarlyBoot.Start(
            memory, machine.Faults, isBuiltIn ? parameters.Handover : null, parameters.Early, profile);
        var kernel = new EmulatedKernel(machine, parameters, handover, profile);
        kernel.AddFiles();
        bool hasKho = isBuiltIn && handover.HasScratch
            && (KernelParameter.Switch(parameters.Early, "kho") ?? features.HandoverDefault ?? machine.Options.KexecHandoverDefault);
        if (hasKho)
        {
            kernel.Luo?.EarlyStartup();
        }

        PageHandover? hugePages = profile.HasHugeTlb ? kernel.StartHugeTlb(parameters.Early, hasKho) : null;
        if (hasKho)
        {
            if (handover.TryInitialize() && (!profile.HasKexecMetadata || kernel.TryAddMetadata()))
            {
                int coldFdtSize = handover.OutgoingFdtSize;
                if (kernel.Luo is { } luo && kernel.IsLiveUpdateOn)
                {
                    kernel.Start(luo, parameters.Early, hugePages);
                }

                kernel.Files.AddKho(handover, coldFdtSize, profile.Finalization);
            }
        }

        foreach (EmulatedModule module in machine.Options.Modules)
        {
            // As with a module that is built in, a failing one does not stop the boot.
            _ = kernel.LoadModule(module);
        }

        return kernel;
    }

    /// <summary>Loads a module (init_module): 0, EEXIST, or what its init returned.</summary>
    public int LoadModule(EmulatedModule module)
    {
        if (_modules.Exists(loaded => loaded.Definition.Name == module.Name))
        {
            return Refused.EEXIST;
        }

        var context = new ModuleContext(this, module);
        int error = module.Initialize(context);
        if (error == 0)
        {
            _modules.Add(context);
        }
        else
        {
            context.UnregisterAll();
        }

        return error;
    }

    /// <summary>Unloads a module (delete_module): 0, ENOENT, or EAGAIN, which is EWOULDBLOCK,
    /// while its files or objects are in use.</summary>
    public int UnloadModule(string name)
    {
        if (_modules.Find(loaded => loaded.Definition.Name == name) is not { } context)
        {
            return Refused.ENOENT;
        }

        int error = context.Module.Stop();
        if (error == 0)
        {
            context.Definition.Exit?.Invoke(context);
            context.UnregisterAll();
            _modules.Remove(context);
        }

        return error;
    }

    /// <summary>Throws when reboot(2) was obeyed.</summary>
    /// <exception cref="EmulatedRebootException">This kernel is gone.</exception>
    public void ThrowIfEnded()
    {
        if (_end is { } end)
        {
            throw end.Again();
        }
    }

    /// <summary>Gets the kernel that reboot(KEXEC) would start; null for none.</summary>
    public LoadedKernel? Loaded { get; private set; }

    /// <summary>kexec_file_load(2), after the image was found good.</summary>
    public void Load(LoadedKernel? image) => Loaded = image is null ? null : image with { IsAttached = Handover.IsAttached };

    /// <summary>kexec_load(2), which tells the image nothing of KHO's data.</summary>
    public void LoadSegments(LoadedKernel image) => Loaded = image;

    /// <summary>reboot(2): an <c>-errno</c>, 0 for commands that do nothing here.</summary>
    /// <exception cref="EmulatedRebootException">The kernel obeyed.</exception>
    public int Reboot(uint command)
    {
        const uint Halt = 0xcdef0123, CadOn = 0x89abcdef, CadOff = 0, Restart2 = 0xa1b2c3d4;
        switch (command)
        {
            case RebootHeader.LINUX_REBOOT_CMD_KEXEC:
                return Kexec();
            case RebootHeader.LINUX_REBOOT_CMD_RESTART:
                throw End(new EmulatedRebootException(command, "The emulated machine was restarted."), null);
            case RebootHeader.LINUX_REBOOT_CMD_POWER_OFF or Halt:
                throw End(new EmulatedRebootException(command, "The emulated machine was switched off."), null);
            case CadOn or CadOff:
                return 0;
            case Restart2:
                // Its text comes from an address that the seam does not carry, so it is null.
                return Refused.EFAULT;
            default:
                return Refused.EINVAL;
        }
    }

    /// <summary>Ends the kernel over a fault of its own, in a call of a program: the machine restarts with empty memory.</summary>
    public void Panic(EmulatedKernelPanicException panic) => End(
        new EmulatedRebootException(RebootHeader.LINUX_REBOOT_CMD_RESTART, $"The emulated kernel panicked: {panic.Message}"), null);

    /// <summary>Ends the kernel where it stands: the machine restarts with empty memory when power comes back.</summary>
    public void CutPower() => End(
        new EmulatedRebootException(
            RebootHeader.LINUX_REBOOT_CMD_RESTART, "The power of the emulated machine was cut; its memory is lost."),
        null);

    /// <summary>Drops all that the kernel holds, when the machine is switched off from outside.</summary>
    public void Abandon(EmulatedRebootException end)
    {
        _end = end;
        Luo?.Abandon();
        HugeTlb?.Memfds.Abandon();
        Kvm?.Abandon();
    }

    // kernel_kexec() of kernel/kexec_core.c: a refused freeze leaves all as it was.
    private int Kexec()
    {
        if (Loaded is not { } image)
        {
            return Refused.EINVAL;
        }

        if (Device is not null && Luo!.FindChanges() is { Count: > 0 } changes)
        {
            throw new EmulatedFrozenFileException(changes);
        }

        int error = Device is null ? 0 : Luo!.Reboot();
        if (error != 0)
        {
            return error;
        }

        int largest = Options.LargestFolioOrder;
        while (Faults.OnJump(fault => Luo?.FindPages(fault) is not null) is { } damage)
        {
            Handover.Damage(Luo!.FindPages(damage)!, (ulong)damage.Offset >> PhysicalMemory.PageShift, largest, damage.Damage);
        }

        KhoSetupData? data = image.IsAttached ? Handover.FillImage() : null;
        throw image.IsCut
            ? End(
                new EmulatedRebootException(
                    RebootHeader.LINUX_REBOOT_CMD_RESTART,
                    "The end of the loaded image was missing, so that no kernel started; the emulated machine was restarted with "
                    + "empty memory."),
                null)
            : End(new EmulatedKexecException(), new BootParameters(image.Release, image.CommandLine, data) { Features = image.Features });
    }

    private EmulatedRebootException End(EmulatedRebootException end, BootParameters? next)
    {
        Abandon(end);
        _machine.End(this, next);
        return end.Again();
    }

    /// <summary>Gets the configuration as CONFIG_IKCONFIG_PROC shows it: the options that stand for what is emulated.</summary>
    private byte[] Configuration => Gzip(
        "CONFIG_KEXEC_FILE=y\n"
        + (_features.KexecHandover == false
            ? "# CONFIG_KEXEC_HANDOVER is not set\n"
            : "CONFIG_KEXEC_HANDOVER=y\nCONFIG_KEXEC_HANDOVER_DEBUGFS=y\n")
        + (Luo is null ? "# CONFIG_LIVEUPDATE is not set\n" : "CONFIG_LIVEUPDATE=y\n")
        + (Luo is null ? "" : _hasMemfdHandler ? "CONFIG_LIVEUPDATE_MEMFD=y\n" : "# CONFIG_LIVEUPDATE_MEMFD is not set\n")
        + (Profile.HasHugeTlb ? "CONFIG_HUGETLBFS=y\nCONFIG_LIVEUPDATE_HUGETLB=y\n" : "")
        + "CONFIG_MEMFD_CREATE=y\n"
        + (Options.BuiltInCommandLine.Length == 0
            ? "# CONFIG_CMDLINE_BOOL is not set\n"
            : $"CONFIG_CMDLINE_BOOL=y\nCONFIG_CMDLINE=\"{Escaped(Options.BuiltInCommandLine)}\"\n")
        + KvmConfiguration);

    private static string Escaped(string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);

    private static byte[] Gzip(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(System.Text.Encoding.ASCII.GetBytes(text));
        }

        return packed.ToArray();
    }

    private void AddFiles()
    {
        AddLoaded("/sys/kernel/kexec_loaded");
        if (Profile.HasKexecFolder)
        {
            AddLoaded("/sys/kernel/kexec/loaded");
        }
        else
        {
            Files.AddMissing("/sys/kernel/kexec/loaded");
        }

        KexecLimits.AddTo(Files);
        Files.AddText("/proc/cmdline", KernelFileNode.ProcFs, () => CommandLine);
        Files.AddBytes("/proc/config.gz", Configuration);
        Files.AddText("/proc/sys/kernel/osrelease", KernelFileNode.ProcFs, () => Release);
        Files.AddText("/proc/sys/kernel/version", KernelFileNode.ProcFs, static () => "#1 SMP emulated");
        Files.AddText(
            "/proc/sys/vm/memfd_noexec", KernelFileNode.ProcFs, () => Options.MemfdNoExec.ToString(CultureInfo.InvariantCulture));
    }

    // kho_kexec_metadata_init; a count that cannot be read starts again. Without memory for it KHO is off.
    private bool TryAddMetadata()
    {
        uint count = 0;
        if (Handover.RetrieveSubtree(KexecMetadata.KHO_METADATA_NODE_NAME, out ulong address, out ulong size) == 0
            && size >= KexecMetadata.Size)
        {
            KexecMetadata incoming = KexecMetadata.Read(Handover.Memory.Structure(address, KexecMetadata.Size));
            count = incoming.Version == KexecMetadata.KHO_KEXEC_METADATA_VERSION ? incoming.KexecCount : 0;
        }

        ulong own = Handover.AllocatePreserved();
        if (own == 0)
        {
            Handover.Disable();
            return false;
        }

        new KexecMetadata(KexecMetadata.KHO_KEXEC_METADATA_VERSION, Release, count + 1)
            .Write(Handover.Memory.Structure(own, KexecMetadata.Size));
        if (Handover.AddSubtree(KexecMetadata.KHO_METADATA_NODE_NAME, own, KexecMetadata.Size) != 0)
        {
            Handover.UnpreserveFree(own);
            Handover.Disable();
            return false;
        }

        return true;
    }

    private void AddLoaded(string path) => Files.AddText(path, KernelFileNode.SysFs, () => Loaded is null ? "0" : "1");

    private void Start(LuoCore luo, IReadOnlyList<KernelParameter> parameters, PageHandover? hugePages)
    {
        luo.LateStartup();
        if (luo.IsEnabled)
        {
            // First, because a file that stands for one of huge pages is a memfd too.
            if (hugePages is not null)
            {
                RegisterHugeTlb(luo, hugePages);
            }

            if (_hasMemfdHandler)
            {
                MemfdFormats formats =
                    Profile.HasVersions ? MemfdFormats.Parse(parameters, Profile.Memfd) : new MemfdFormats(Profile.Memfd, [Profile.Memfd]);
                Register(luo, new MemfdHandler(Handover, Inodes, MemfdCalls, Options.LargestFolioOrder, Profile, formats));
            }

            if (Kvm is { } kvm)
            {
                StartKvm(luo, kvm);
            }

            Device = new LuoDevice(luo, Options.DevicePath);
        }
    }

    private static void Register(LuoCore luo, FileHandler handler)
    {
        int error = luo.Register(handler);
        System.Diagnostics.Debug.Assert(error == 0, "the handlers that are built in have different names");
    }
}

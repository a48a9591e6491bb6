using System.Globalization;
using LuoInterop.VmTesting.Protocol;

namespace LuoInterop.VmTesting.Machine;

/// <summary>Makes QEMU's command line.</summary>
internal static class QemuCommand
{
    internal const string ConsoleSocket = "console";

    /// <summary>Gives the first kernel's command line.</summary>
    /// <param name="options">What is run.</param>
    /// <param name="counterKhz">The frequency of the guest's time stamp counter in kHz; null where the kernel is to find it.</param>
    internal static string KernelCommandLine(VmOptions options, uint? counterKhz)
    {
        // panic=-1 with QEMU's -no-reboot turns a panic into QEMU's end.
        // loglevel=5 is the quietest that shows the kernel's warnings.
        // no_timer_check: a busy host can starve the emulated timer while the kernel tests it, and a kernel whose timer
        // fails that test panics (check_timer in arch/x86/kernel/apic/io_apic.c).
        List<string> words = ["console=ttyS0", "panic=-1", "loglevel=5", "no_timer_check"];
        if (counterKhz is { } khz)
        {
            // Measured by the kernel against an emulated timer on a busy host, it is wrong by a factor at times. For the same reason
            // the kernel is not to judge it by another clock (tsc_early_khz and tsc= in arch/x86/kernel/tsc.c).
            words.Add(string.Create(CultureInfo.InvariantCulture, $"tsc_early_khz={khz}"));
            words.Add("tsc=nowatchdog");
        }

        if (options.LiveUpdate)
        {
            words.Add("liveupdate=on");
        }

        if (options.KexecHandover is { } handover)
        {
            words.Add(handover ? "kho=on" : "kho=off");
        }

        words.Add("luo.stage=1");
        words.AddRange(options.KernelCommandLine);
        return string.Join(' ', words);
    }

    internal static IReadOnlyList<string> Create(VmOptions options, VmAccelerator accelerator, uint? counterKhz, RunFolder folder)
    {
        bool kvm = accelerator == VmAccelerator.Kvm;
        List<string> arguments =
        [
            options.Qemu,
            "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-monitor", "none",
            "-accel", kvm ? "kvm" : "tcg,thread=multi",
            "-cpu", options.CpuModel ?? (kvm ? "host" : "max"),
            "-m", options.MemoryMiB.ToString(CultureInfo.InvariantCulture) + "M",
            "-smp", options.Cpus.ToString(CultureInfo.InvariantCulture),
            "-kernel", folder.ImagePath, "-initrd", folder.InitrdPath, "-append", KernelCommandLine(options, counterKhz),
        ];
        AddMemoryImage(arguments, options);
        AddSocket(arguments, "console", folder.Socket(ConsoleSocket));
        arguments.AddRange(["-serial", "chardev:console"]);
        AddShare(arguments, "host", "/");
        AddShare(arguments, "luorun", folder.Share);
        if (options.Root is { } root)
        {
            AddShare(arguments, "luoroot", folder.Root, writable: true);
            AddShare(arguments, "luousr", Path.Combine(root.Files, "usr"));
        }

        arguments.AddRange(["-device", "virtio-serial-pci"]);
        AddSocket(arguments, "init", folder.Socket(FrameFormat.InitPort));
        arguments.AddRange(["-device", $"virtserialport,chardev=init,name={FrameFormat.InitPort}"]);
        AddSocket(arguments, "report", folder.Socket(FrameFormat.ReportPort));
        arguments.AddRange(["-device", $"virtserialport,chardev=report,name={FrameFormat.ReportPort}"]);
        arguments.AddRange(options.QemuArguments);
        return arguments;
    }

    // Shared, so that what the guest writes is written to the file.
    private static void AddMemoryImage(List<string> arguments, VmOptions options)
    {
        if (options.MemoryImage is { } path)
        {
            arguments.AddRange(
            [
                "-object",
                string.Create(
                    CultureInfo.InvariantCulture, $"memory-backend-file,id=ram,size={options.MemoryMiB}M,mem-path={Escape(path)},share=on"),
                "-machine", "memory-backend=ram",
            ]);
        }
    }

    private static void AddSocket(List<string> arguments, string id, string path) =>
        arguments.AddRange(["-chardev", $"socket,id={id},path={Escape(path)}"]);

    // Without remap, inode numbers of different host file systems collide and mounts land on the wrong folder.
    private static void AddShare(List<string> arguments, string tag, string path, bool writable = false)
    {
        string mode = writable ? "" : ",readonly=on";
        arguments.AddRange(["-fsdev", $"local,id={tag},path={Escape(path)},security_model=none{mode},multidevs=remap"]);
        arguments.AddRange(["-device", $"virtio-9p-pci,fsdev={tag},mount_tag={tag}"]);
    }

    // A comma ends an option's value; doubled it stands for itself.
    private static string Escape(string path) => path.Replace(",", ",,", StringComparison.Ordinal);
}

using LuoInterop.Kho.Abi;

namespace LuoInterop.Tests.Shared;

/// <summary>Builds a folder with the files of a machine, as a kernel shows them.</summary>
internal sealed class MachineFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("machine-");

    public string Root => _folder.FullName;

    /// <summary>Makes a machine with Linux 7.3.4 that was booted cold, and has all that a live update needs.</summary>
    public static MachineFolder Ready() => new MachineFolder()
        .With("proc/sys/kernel/arch", "x86_64")
        .With("proc/sys/kernel/osrelease", "7.3.4")
        .With("proc/sys/kernel/kexec_load_disabled", "0")
        .With("proc/sys/kernel/kexec_load_limit_reboot", "-1")
        .With("proc/sys/vm/memfd_noexec", "0")
        .With("proc/cmdline", "root=/dev/vda kho=on liveupdate=on")
        .With("proc/meminfo",
            "MemTotal:        8388608 kB\nMemAvailable:    6291456 kB\nCmaTotal:              0 kB\nCmaFree:          262144 kB\n")
        .With("boot/config-7.3.4", Configuration())
        .With("sys/kernel/kexec/loaded", "0")
        .With("sys/kernel/security/lockdown", "[none] integrity confidentiality")
        .With("sys/kernel/debug/kho/out/fdt", Tree())
        .With("sys/kernel/debug/kho/out/sub_fdts/kexec-metadata", Metadata("7.3.4", 1))
        .With("sys/kernel/debug/kho/out/sub_fdts/LUO", Luo(1))
        .With("sys/kernel/debug/kho/out/scratch_phys", "0x1000000\n0x100000000\n")
        .With("sys/kernel/debug/kho/out/scratch_len", "0x400000\n0x8000000\n")
        .With("var/log/dmesg", "[    0.000000] Linux version 7.3.4\n[    0.1] KHO: found kexec handover data.\n")
        .With("dev/liveupdate", "")
        .Mode("dev/liveupdate", UnixFileMode.UserRead | UnixFileMode.UserWrite)
        .WithProcess(1, "init", "0::/init.scope");

    /// <summary>Gives a configuration with all that live update needs.</summary>
    public static string Configuration(params string[] changes)
    {
        var options = new Dictionary<string, string>
        {
            ["CONFIG_KEXEC"] = "y",
            ["CONFIG_KEXEC_FILE"] = "y",
            ["CONFIG_KEXEC_HANDOVER"] = "y",
            ["CONFIG_KEXEC_HANDOVER_DEBUGFS"] = "y",
            ["CONFIG_LIVEUPDATE"] = "y",
            ["CONFIG_LIVEUPDATE_MEMFD"] = "y",
        };
        foreach (string change in changes)
        {
            string[] parts = change.Split('=');
            options[parts[0]] = parts[1];
        }

        IEnumerable<string> lines = options.Select(static option =>
            option.Value == "n" ? $"# {option.Key} is not set" : $"{option.Key}={option.Value}");
        return string.Join('\n', ["# Linux/x86 7.3.4 Kernel Configuration", .. lines, "# end of Kernel hacking", ""]);
    }

    public static byte[] Tree(string compatible = "kho-v4")
    {
        var tree = new KhoRootFdt(0x5000, compatible);
        tree.AddSubtree("kexec-metadata", 0x6000, KexecMetadata.Size);
        tree.AddSubtree("LUO", 0x7000, LuoSer.Size);
        return tree.ToArray();
    }

    public static byte[] Luo(ulong number, string compatible = "luo-v5")
    {
        byte[] bytes = new byte[LuoSer.Size];
        new LuoSer(compatible, number, 0, 0).Write(bytes);
        return bytes;
    }

    public static byte[] Metadata(string release, uint count)
    {
        byte[] bytes = new byte[KexecMetadata.Size];
        new KexecMetadata(KexecMetadata.KHO_KEXEC_METADATA_VERSION, release, count).Write(bytes);
        return bytes;
    }

    /// <summary>Makes the kernel one that the kernel before handed something over to.</summary>
    public MachineFolder AfterHandover(string compatible = "kho-v4") => this
        .With("sys/kernel/debug/kho/in/fdt", Tree(compatible))
        .With("sys/kernel/debug/kho/in/sub_fdts/kexec-metadata", Metadata("7.3.3", 1))
        .With("sys/kernel/debug/kho/in/sub_fdts/LUO", "\u007fELF of somebody else")
        .With("sys/kernel/debug/kho/out/sub_fdts/LUO", Luo(2))
        .With("sys/kernel/debug/kho/out/sub_fdts/kexec-metadata", Metadata("7.3.4", 2))
        .Without("sys/kernel/debug/kho/out/fdt");

    public MachineFolder WithProcess(int id, string name, string cgroup, params string[] links)
    {
        this.With($"proc/{id}/comm", name + "\n").With($"proc/{id}/cgroup", cgroup + "\n")
            .With($"proc/{id}/status", $"Name:\t{name}\nUid:\t0\t0\t0\t0\n");
        Directory.CreateDirectory(Path.Combine(Root, $"proc/{id}/fd"));
        for (int i = 0; i < links.Length; i++)
        {
            this.Link($"proc/{id}/fd/{i}", links[i]);
        }

        return this;
    }

    /// <summary>Makes a kernel image that says its release, and gives its path.</summary>
    public string WithBzImage(string path, string release)
    {
        // Documentation/arch/x86/boot.rst: boot_flag, "HdrS", version 2.15, kernel_version, xloadflags of a 64-bit kernel.
        byte[] image = new byte[64 << 10];
        image[0x1f1] = 1;
        (image[0x1fe], image[0x1ff]) = (0x55, 0xaa);
        "HdrS"u8.CopyTo(image.AsSpan(0x202));
        (image[0x206], image[0x207]) = (0x0f, 0x02);
        (image[0x20e], image[0x20f]) = (0x00, 0x01);
        image[0x211] = 1;
        image[0x236] = 0x0b;
        System.Text.Encoding.ASCII.GetBytes(release + " (builder) #1\0").CopyTo(image.AsSpan(0x300));
        With(path, image);
        return Path.Combine(Root, path);
    }

    public MachineFolder With(string path, string text) => With(path, System.Text.Encoding.UTF8.GetBytes(text));

    public MachineFolder With(string path, byte[] bytes)
    {
        string file = Path.Combine(Root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllBytes(file, bytes);
        return this;
    }

    public MachineFolder Without(string path)
    {
        string place = Path.Combine(Root, path);
        if (Directory.Exists(place))
        {
            Directory.Delete(place, recursive: true);
        }

        File.Delete(place);
        return this;
    }

    public MachineFolder Mode(string path, UnixFileMode mode)
    {
        File.SetUnixFileMode(Path.Combine(Root, path), mode);
        return this;
    }

    public MachineFolder Link(string path, string target)
    {
        string link = Path.Combine(Root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(link)!);
        File.CreateSymbolicLink(link, target);
        return this;
    }

    public void Dispose() => _folder.Delete(recursive: true);
}

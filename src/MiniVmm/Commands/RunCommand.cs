using System.CommandLine;
using System.Globalization;
using LuoInterop;
using MiniVmm.Boot;
using MiniVmm.Control;
using MiniVmm.Guests;
using MiniVmm.Machine;
using MiniVmm.Memory;
using MiniVmm.Store;

namespace MiniVmm.Commands;

/// <summary>Starts guests, and holds them until they end.</summary>
internal static class RunCommand
{
    private const int MostVms = 64;

    public static Command Create()
    {
        Option<string> name = VmOption.Name();
        var count = new Option<int>("--count")
        {
            Description = "How many VMs to start: vm1, vm2 and so on, each with its own session.", DefaultValueFactory = static _ => 1,
        };
        var guest = new Option<string>("--guest") { Description = "What runs in them.", DefaultValueFactory = static _ => "linux" };
        guest.AcceptOnlyFromAmong("linux", "pattern", "self-check");
        var kernel = new Option<FileInfo?>("--kernel") { Description = "The guest's kernel, a bzImage." };
        var initrd = new Option<FileInfo?>("--initrd") { Description = "Its initial RAM disk." };
        var commandLine = new Option<string>("--cmdline")
        {
            Description = "Its command line.", DefaultValueFactory = static _ => "console=ttyS0 no_timer_check panic=-1",
        };
        var memory = new Option<string>("--memory")
        {
            Description = "Its RAM: 512M, 2G; without a letter MiB.", DefaultValueFactory = static _ => "256M",
        };
        memory.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && ByteSize.TryParse(token.Value, out _) is { } fault)
            {
                result.AddError($"--memory: {fault}.");
            }
        });
        var cpus = new Option<int>("--cpus") { Description = "Its vCPUs, 1 to 4.", DefaultValueFactory = static _ => 1 };
        Bounded(cpus, GuestMachine.MostCpus);
        Bounded(count, MostVms);
        var cpuid = new Option<CpuidMaskKind>("--cpuid")
        {
            Description = "What CPUID hides from it: what the processors here need, nothing, or what QEMU's translation needs.",
            DefaultValueFactory = static _ => CpuidMaskKind.Auto,
        };
        Option<ConsoleKind> console = VmOption.Console();
        Option<string?> nextKernel = VmOption.NextKernel();
        var keep = new Option<bool>("--keep")
        {
            Description = "Has systemd keep the guests while this program is down: in a unit with FileDescriptorStoreMax= and "
                + "FileDescriptorStorePreserve=yes they go on after a restart of the unit, and after systemctl kexec.",
        };
        Option<string?> folder = VmOption.RunFolder();
        var command = new Command("run", "Starts a guest, and shows its console.")
        {
            name, count, guest, kernel, initrd, commandLine, memory, cpus, cpuid, console, nextKernel, keep, folder,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(guest) is null or "linux" && result.GetValue(kernel) is null)
            {
                result.AddError("--kernel: a Linux guest needs its kernel, a bzImage. --guest pattern needs none.");
            }
        });
        command.SetAction(arguments => Messages.Guard(() =>
        {
            _ = ByteSize.TryParse(arguments.GetValue(memory)!, out long size);
            IGuestProgram program = ProgramOf(
                arguments.GetValue(guest)!,
                arguments.GetValue(kernel),
                arguments.GetValue(initrd),
                arguments.GetValue(commandLine)!);
            Action<GuestMachine> load = LoaderOf(program, arguments.GetValue(cpuid));
            return Run(
                new HostSettings(
                    Kernel.Linux,
                    RunFolder.Choose(arguments.GetValue(folder)),
                    arguments.GetValue(console),
                    arguments.GetValue(nextKernel)),
                NamesOf(arguments.GetValue(name)!, arguments.GetValue(count)),
                output => Make(size, arguments.GetValue(cpus), load, output),
                $"{ByteSize.Format(size)}, {arguments.GetValue(cpus)} {(arguments.GetValue(cpus) == 1 ? "vCPU" : "vCPUs")}",
                arguments.GetValue(keep) ? GuestStore.Open() : null,
                program.IsSeen ? (machine, times) => program.Look(machine, times).Fault : null);
        }));
        return command;
    }

    /// <summary>Names VMs: the given one, and those that follow by number.</summary>
    public static IReadOnlyList<string> NamesOf(string first, int count)
    {
        if (count == 1)
        {
            return [first];
        }

        string stem = first.TrimEnd(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
        _ = int.TryParse(first.AsSpan(stem.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int start);
        start = stem.Length == first.Length ? 1 : start;
        return [.. Enumerable.Range(0, count).Select(i => string.Create(CultureInfo.InvariantCulture, $"{stem}{(long)start + i}"))];
    }

    private static int Run(
        HostSettings settings,
        IReadOnlyList<string> names,
        Func<Action<byte>, GuestMachine> make,
        string size,
        GuestStore? store,
        Func<GuestMachine, int, string?>? look) =>
        HostRun.Run(settings, Messages.Say, host =>
        {
            foreach (string name in names)
            {
                HostRun.Add(host, settings, name, names.Count == 1, Messages.Say, store: store);
            }

            foreach (HostedVm vm in host.Vms.ToArray())
            {
                try
                {
                    if (store is null)
                    {
                        vm.Start(make);
                    }
                    else
                    {
                        vm.StartKept(make, look);
                    }
                }
                catch (Exception error) when (HostedVm.IsRefusal(error) && host.Vms.Any(static other => other.HoldsMemory))
                {
                    // The end of this process would lose the memory of the others.
                    Messages.Say($"{vm.Name}: {error.Message}");
                    host.Drop(vm);
                }
            }

            string list = names.Count <= 3 ? string.Join(", ", names) : $"{names[0]} to {names[^1]}";
            Messages.Say($"{list}: {size}; sockets in {settings.Folder.FolderPath}");
        });

    private static GuestMachine Make(long memory, int cpus, Action<GuestMachine> load, Action<byte> output)
    {
        var machine = new GuestMachine(Kernel.Linux, GuestRam.Create(Kernel.Linux, memory), cpus, output);
        try
        {
            load(machine);
            return machine;
        }
        catch
        {
            machine.Dispose();
            throw;
        }
    }

    private static IGuestProgram ProgramOf(string guest, FileInfo? kernel, FileInfo? initrd, string commandLine)
    {
        switch (guest)
        {
            case PatternProgram.Kind:
                return new PatternProgram();
            case SelfCheckProgram.Kind:
                return new SelfCheckProgram();
            default:
                // Read once, for however many VMs.
                byte[] image = File.ReadAllBytes(kernel!.FullName);
                byte[] root = initrd is null ? [] : File.ReadAllBytes(initrd.FullName);
                return new LinuxProgram(() => image, () => root, commandLine);
        }
    }

    private static Action<GuestMachine> LoaderOf(IGuestProgram program, CpuidMaskKind mask)
    {
        bool isSaid = false;
        return machine =>
        {
            machine.Boot(program.Load(machine.Ram, machine.Cpus), mask);
            if (!isSaid && CpuidMask.Describe(machine.Mask) is { } hidden)
            {
                Messages.Say(hidden);
            }

            isSaid = true;
        };
    }

    private static void Bounded(Option<int> option, int most) => option.Validators.Add(result =>
    {
        if (result.Tokens is [var token] && int.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            && (number < 1 || number > most))
        {
            result.AddError($"{option.Name}: 1 to {most}.");
        }
    });
}

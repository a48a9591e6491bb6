using System.Globalization;
using LuoInterop.VmTesting;
using MiniVmm.Benchmarks;
using MiniVmm.Guests;
using MiniVmm.Memory;

// Measures how long a guest of minivmm stands still in a live update, in one VM: see bench/README.md.
if (args is not [var native, var fromShare, var assembly, var target, .. var rest]
    || !int.TryParse(rest.FirstOrDefault("3"), NumberStyles.None, CultureInfo.InvariantCulture, out int updates)
    || updates < 1)
{
    Console.Error.WriteLine("usage: bench-vmm NATIVE NATIVE-COPY MINIVMM.DLL RESULTS/NAME [UPDATES [ITEM...]]");
    return 2;
}

const string Shell = "/bin/sh";
KernelBuild kernel = await KernelBuild.GetAsync(progress: KernelBuild.ShowProgress);
DirectoryInfo folder = Directory.CreateTempSubdirectory("bench-vmm-");
try
{
    IReadOnlyList<BenchItem> all =
        BenchPlan.Create(Path.GetFullPath(native), Path.GetFullPath(fromShare), Path.GetFullPath(assembly), updates);
    string[] names = [.. all.Select(static item => item.Name).Distinct()];
    string[] wanted = rest.Length > 1 ? rest[1..] : names;
    if (wanted.Except(names).ToArray() is { Length: > 0 } unknown)
    {
        Console.Error.WriteLine($"There is no {string.Join(", ", unknown)}; there are {string.Join(", ", names)}.");
        return 2;
    }

    BenchItem[] items = [.. all.Where(item => wanted.Contains(item.Name))];
    string initrd = Write("initrd", GuestInitrd.Create());
    string plan = Write("plan", System.Text.Encoding.UTF8.GetBytes(string.Concat(items.Select(static item => item.PlanLine + "\n"))));
    using var script = new MemoryStream();
    typeof(BenchItem).Assembly.GetManifestResourceStream("kernels.sh")!.CopyTo(script);
    string disk = Path.Combine(folder.FullName, "disk");
    using (FileStream file = File.Create(disk))
    {
        file.SetLength(2L << 30);
    }

    string[] libraries = ["libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"];
    var log = new RunLog();
    VmResult result = await VirtualMachine.RunAsync(new VmOptions
    {
        Kernel = kernel,
        Command = [Shell, "/run/luo/files/kernels.sh"],
        FilesInMemory =
        [
            Path.GetFullPath(native),
            RealPath(Shell),
            .. libraries.Select(static name => RealPath("/lib/x86_64-linux-gnu/" + name)),
        ],
        Files = new Dictionary<string, string>
        {
            ["guest-kernel"] = kernel.ImagePath,
            ["guest-initrd"] = initrd,
            ["plan"] = plan,
            ["kernels.sh"] = Write("kernels.sh", script.ToArray()),
        },
        CpuModel = "EPYC,+svm,+npt",
        Accelerator = VmAccelerator.Tcg,

        // With two translated processors QEMU mixes up guest and host once in some tens of kernels (docs/vmm-checklist.md).
        Cpus = 1,
        KernelCommandLine = [HugePages.KernelWord],
        ExpectedKernels = 1 + items.Sum(static item => item.Updates),
        MemoryMiB = 3072,
        QemuArguments =
        [
            "-drive", $"file={disk.Replace(",", ",,", StringComparison.Ordinal)},format=raw,if=none,id=bench,cache=writeback",
            "-device", "virtio-blk-pci,drive=bench",
        ],
        TimeLimit = TimeSpan.FromHours(1),
        KernelTimeLimit = TimeSpan.FromMinutes(2),
        Output = log.See,
    });
    Console.WriteLine(result);

    Dictionary<string, IReadOnlyList<BlackoutRow>> rows = [];
    int first = 1;
    foreach (BenchItem item in items)
    {
        rows[item.Name] = [.. rows.GetValueOrDefault(item.Name, []), .. BlackoutRow.Read(result, first, item.Updates)];
        first += item.Updates;
    }

    var tables = new ResultTables(rows, log);
    string page = tables.Page(Path.GetFileName(target));
    await File.WriteAllTextAsync(target + ".md", page);
    string[] measured = [.. rows.Where(static row => row.Value.Count > 0).Select(static row => row.Key)];
    await File.WriteAllTextAsync(target + "-parts.tsv", tables.Parts(measured));
    await File.WriteAllTextAsync(target + "-updates.tsv", tables.Updates());
    string[] linux = [BenchPlan.Native, BenchPlan.NativeFromShare, BenchPlan.Dotnet, BenchPlan.Command];
    await File.WriteAllTextAsync(
        target + "-blackout-linux.tsv", tables.Chart(linux.Where(measured.Contains).Select(static item => (item, item))));
    string[] ram = [.. measured.Where(static item => item.StartsWith("ram-", StringComparison.Ordinal))];
    await File.WriteAllTextAsync(target + "-blackout-ram.tsv", tables.Chart(ram.Select(static item => (item, item["ram-".Length..]))));
    Console.WriteLine(page);
    return result.Outcome == VmOutcome.Passed ? 0 : 1;
}
finally
{
    folder.Delete(recursive: true);
}

string Write(string name, byte[] content)
{
    string path = Path.Combine(folder.FullName, name);
    File.WriteAllBytes(path, content);
    return path;
}

// With no symbolic link in any folder of it.
static string RealPath(string path)
{
    string full = "/";
    foreach (string part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
    {
        string next = Path.Combine(full, part);
        FileSystemInfo? link = Directory.Exists(next) ? Directory.ResolveLinkTarget(next, true) : File.ResolveLinkTarget(next, true);
        full = link?.FullName ?? next;
    }

    return full;
}

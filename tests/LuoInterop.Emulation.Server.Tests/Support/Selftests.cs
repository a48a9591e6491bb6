using LuoInterop.Tests.Shared;
using LuoInterop.VmTesting;

namespace LuoInterop.Emulation.Server.Tests.Support;

/// <summary>Has the kernel's own tests of live update, of one release.</summary>
internal sealed class Selftests
{
    private static readonly Lazy<Selftests> s_newest = new(static () => new("7.3"));
    private static readonly Lazy<Selftests> s_72 = new(static () => new("7.2"));
    private readonly string _series;

    private Selftests(string series)
    {
        (int code, string output, string error) =
            ChildProgram.RunProgram("bash", Path.Combine(Repository.Root, "eng", "kernel.sh"), series);
        Assert.True(code == 0, error);
        _series = series;
        Kernel = KernelBuild.FromFolder(output.TrimEnd().Split('\n')[^1]);
        Folder = Path.Combine(
            Kernel.SelftestsFolder
                ?? throw new InvalidOperationException($"{Kernel.Folder} lacks the selftests, and eng/kernel.sh could not add them."),
            "liveupdate");
    }

    /// <summary>Gets the names of the programs that test across a kexec, in two stages.</summary>
    public static IReadOnlyList<string> KexecPrograms { get; } =
        ["luo_kexec_simple", "luo_multi_session", "luo_stress_files", "luo_stress_sessions"];

    /// <summary>Gets those of the kernel that the VM tests build.</summary>
    public static Selftests Newest => s_newest.Value;

    /// <summary>Gets those of Linux 7.2.</summary>
    public static Selftests Linux72 => s_72.Value;

    /// <summary>Gets the kernel that they come with.</summary>
    public KernelBuild Kernel { get; }

    /// <summary>Gets the folder of their sources.</summary>
    public string Folder { get; }

    /// <summary>Makes a machine of their release, which is off.</summary>
    public ProgramMachine Machine(bool trapsEverything) => new(new ProgramMachineOptions
    {
        Machine = new EmulatedMachineOptions { Release = Kernel.Release + "-emulated" }, TrapsEverything = trapsEverything,
    });

    /// <summary>Loads the kernel that they come with, and starts it, by their own script.</summary>
    public async Task KexecAsync(ProgramMachine machine)
    {
        ProgramEnd jump = await machine.RunAsync(new ProgramStart("sh", Path.Combine(Folder, "do_kexec.sh"))
        {
            Environment = new Dictionary<string, string> { ["KERNEL"] = Kernel.ImagePath, ["INITRAMFS"] = "/none" },
            KeepOutput = true,
        });
        Assert.Equal("", jump.Error);
        Assert.Equal(ProgramEndKind.Kexec, jump.Kind);
    }

    /// <summary>Builds one, and gives the path of its executable.</summary>
    public string Build(string name)
    {
        // The functions that they share: in a folder of their own since 7.3.
        string shared = Path.Combine(Folder, "lib", "lu_utils.c");
        string[] sources = File.Exists(shared)
            ? ["-I", Path.Combine(Folder, "lib", "include"), shared]
            : ["-I", Folder, Path.Combine(Folder, "luo_test_utils.c")];
        string target = CProgram.Target($"selftest-{_series}-{name}");
        return CProgram.Make(
            target, "gcc", ["-O2", "-Wall", "-Wno-unused-function", "-isystem", Path.Combine(Kernel.HeadersFolder!, "include"),
                .. sources, "-o", target, Path.Combine(Folder, name + ".c")]);
    }
}

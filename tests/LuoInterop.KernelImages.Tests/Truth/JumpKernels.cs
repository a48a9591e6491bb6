using System.Collections.Concurrent;
using LuoInterop.Tests.Shared;
using LuoInterop.VmTesting;

namespace LuoInterop.KernelImages.Tests.Truth;

/// <summary>Is a kernel to jump from or into.</summary>
internal sealed record JumpKernel(KernelBuild Build, KernelImage Image)
{
    /// <summary>Gets the initial RAM disk of a kernel that cannot mount the host's root; null for the harness's own.</summary>
    public string? Initrd { get; init; }
}

/// <summary>Makes the kernels that are jumped between, each once.</summary>
internal sealed class JumpKernels : IDisposable
{
    /// <summary>The kernel of the VM.</summary>
    public const string Built = "";

    /// <summary>The same configuration of the series before.</summary>
    public const string Older = "7.2";

    /// <summary>The kernel that Debian built, without KHO. Nothing is handed over by it.</summary>
    public const string Debian = "debian-6.18";

    private const string Without = "without-";

    // The lines of the configuration that begin with one of these are left out; what they say is off then.
    private static readonly Dictionary<string, string[]> s_options = new()
    {
        [Without + "kho"] = ["CONFIG_KEXEC_HANDOVER", "CONFIG_LIVEUPDATE"],
        [Without + "luo"] = ["CONFIG_LIVEUPDATE"],
        [Without + "memfd"] = ["CONFIG_LIVEUPDATE_MEMFD"],
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("luo-next-").FullName;
    private readonly ConcurrentDictionary<string, Task<JumpKernel>> _made = new();

    /// <summary>Gets the names of those that any other can jump into: the kernel of the VM, the one of the series before, a text of the
    /// former that has another number, or what it is built without.</summary>
    public static IReadOnlyList<string> Names { get; } = [Built, Older, "luo-v5", "kho-v4", "memfd-v2", .. s_options.Keys];

    public Task<JumpKernel> GetAsync(string name) => _made.GetOrAdd(name, MakeAsync);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task<JumpKernel> MakeAsync(string name)
    {
        if (name == Debian)
        {
            return await Task.Run(() => DebianKernel.Get(_folder));
        }

        KernelBuild build = s_options.TryGetValue(name, out string[]? options)
            ? await KernelBuild.GetAsync(configPath: await WriteConfigurationAsync(name, options))
            : name == Older ? await KernelBuild.GetAsync(Older)
            : await KernelBuild.GetAsync();
        byte[] bytes = await File.ReadAllBytesAsync(build.ImagePath);
        if (options is null && name is not (Built or Older))
        {
            bytes = EditedKernel.Change(bytes, name);
            string path = Path.Combine(_folder, $"kernel-{name}");
            await File.WriteAllBytesAsync(path, bytes);
            build = KernelBuild.FromImage(path);
        }

        return new(build, KernelImage.Read(bytes));
    }

    // The cache knows a kernel by what its configuration says, wherever that lies.
    private async Task<string> WriteConfigurationAsync(string name, string[] options)
    {
        string path = Path.Combine(_folder, $"{name}.config");
        string whole = Path.Combine(Repository.Root, "src/LuoInterop.VmTesting/Kernel/luo-kernel.config");
        await File.WriteAllLinesAsync(path, File.ReadLines(whole).Where(line =>
            !options.Any(option => line.StartsWith(option, StringComparison.Ordinal))));
        return path;
    }
}

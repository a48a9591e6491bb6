using System.Collections.Concurrent;
using LuoInterop.Tests.Shared;
using LuoInterop.VmTesting;

namespace LuoInterop.KernelImages.Tests.Truth;

/// <summary>Is a kernel to jump from or into.</summary>
internal sealed record JumpKernel(KernelBuild Build, KernelImage Image);

/// <summary>Makes the kernels that are jumped between, each once.</summary>
internal sealed class JumpKernels : IDisposable
{
    /// <summary>The kernel of the VM.</summary>
    public const string Built = "";

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

    /// <summary>Gets the names: the kernel of the VM, a text of it that has another number, or what it is built without.</summary>
    public static IReadOnlyList<string> Names { get; } = [Built, "luo-v5", "kho-v4", "memfd-v2", .. s_options.Keys];

    public Task<JumpKernel> GetAsync(string name) => _made.GetOrAdd(name, MakeAsync);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task<JumpKernel> MakeAsync(string name)
    {
        KernelBuild build = s_options.TryGetValue(name, out string[]? options)
            ? await KernelBuild.GetAsync(configPath: await WriteConfigurationAsync(name, options))
            : await KernelBuild.GetAsync();
        byte[] bytes = await File.ReadAllBytesAsync(build.ImagePath);
        if (options is null && name != Built)
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

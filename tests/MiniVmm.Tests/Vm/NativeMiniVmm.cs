using LuoInterop.Tests.Shared;
using LuoInterop.VmTesting;
using MiniVmm.Commands;
using MiniVmm.Guests;

namespace MiniVmm.Tests.Vm;

/// <summary>Runs MiniVmm as a native executable: on a translated processor .NET takes seconds to start.</summary>
internal static class NativeMiniVmm
{
    private static readonly Lazy<string> s_initrd = new(MakeInitrd);

    /// <summary>Gets the executable.</summary>
    public static string Program => NativePrograms.MiniVmm;

    /// <summary>Gets the Linux guest's initial root.</summary>
    public static string Initrd => s_initrd.Value;

    /// <summary>Runs the demo inside a VM whose processor has virtualization.</summary>
    public static async Task<VmResult> RunAsync(int updates, int memoryMiB, params string[] guests) =>
        await VirtualMachine.RunAsync(
            DemoCommand.InVm(await KernelBuild.GetAsync(), [Program], Initrd, updates, memoryMiB, cpus: 2, guests, seed: 7) with
            {
                ShownFolders = [NativePrograms.Folder],
            });

    private static string MakeInitrd()
    {
        string path = Path.Combine(Directory.CreateDirectory(NativePrograms.Folder).FullName, "guest-initrd");
        File.WriteAllBytes(path, GuestInitrd.Create());
        return path;
    }
}

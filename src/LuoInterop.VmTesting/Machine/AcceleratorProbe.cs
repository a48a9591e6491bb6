using System.Runtime.InteropServices;
using System.Text;
using LuoInterop.VmTesting.Cache;

namespace LuoInterop.VmTesting.Machine;

/// <summary>Finds out whether KVM really boots the kernel: a /dev/kvm that opens is not proof.</summary>
internal static class AcceleratorProbe
{
    internal const string ProbeWord = "luo.probe";
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(15);

    // A refusal may have been a loaded machine's; ask again the next day.
    private static readonly TimeSpan s_refusalHolds = TimeSpan.FromDays(1);
    private static readonly SemaphoreSlim s_one = new(1, 1);

    /// <summary>Gives the accelerator to use: KVM or TCG.</summary>
    internal static async Task<VmAccelerator> ResolveAsync(VmOptions options, CancellationToken cancellationToken)
    {
        if (options.Accelerator != VmAccelerator.Auto)
        {
            return options.Accelerator;
        }

        if (!KvmOpens())
        {
            return VmAccelerator.Tcg;
        }

        await s_one.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await LookOrProbeAsync(options, cancellationToken).ConfigureAwait(false) ? VmAccelerator.Kvm : VmAccelerator.Tcg;
        }
        finally
        {
            s_one.Release();
        }
    }

    private static async Task<bool> LookOrProbeAsync(VmOptions options, CancellationToken cancellationToken)
    {
        byte[] image = await File.ReadAllBytesAsync(options.Kernel.ImagePath, cancellationToken).ConfigureAwait(false);
        string version = await QemuProgram.VersionAsync(options.Qemu, cancellationToken).ConfigureAwait(false);
        string key = CacheFolder.Key(
            Encoding.UTF8.GetBytes(version),
            Encoding.UTF8.GetBytes(RuntimeInformation.OSDescription),
            Encoding.UTF8.GetBytes(options.CpuModel ?? ""),
            image);
        string answer = Path.Combine(CacheFolder.Open(options.CacheFolder), "kvm", key);
        if (File.Exists(answer))
        {
            string told = await File.ReadAllTextAsync(answer, cancellationToken).ConfigureAwait(false);
            bool boots = told.StartsWith("boots", StringComparison.Ordinal);
            if (boots || DateTime.UtcNow - File.GetLastWriteTimeUtc(answer) < s_refusalHolds)
            {
                return boots;
            }
        }

        VmResult result = await MachineRun.RunAsync(Probe(options), VmAccelerator.Kvm, cancellationToken).ConfigureAwait(false);
        bool booted = result is { Kernels.Count: 1, Loss.Reason: VmLostReason.NoStatus };
        string text = $"{(booted ? "boots" : "does not boot")}\n{version}\n{result}\n";
        try
        {
            CacheFolder.WriteWhole(
                answer,
                Encoding.UTF8.GetBytes(text),
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        }
        catch (VmSetupException)
        {
            // A cache that cannot be written costs a probe in every run, not the run.
        }

        return booted;
    }

    // Init announces the kernel and powers off: the end of a good probe is a VM without a status.
    private static VmOptions Probe(VmOptions options) => new()
    {
        Kernel = options.Kernel,
        Command = ["/bin/true"],
        WorkingFolder = "/",
        Qemu = options.Qemu,
        CpuModel = options.CpuModel,
        MemoryMiB = 512,
        KernelCommandLine = [ProbeWord],
        TimeLimit = s_limit,
        KernelTimeLimit = s_limit,
        TempFolder = options.TempFolder,
        CacheFolder = options.CacheFolder,
    };

    private static bool KvmOpens()
    {
        try
        {
            using FileStream device = new("/dev/kvm", FileMode.Open, FileAccess.ReadWrite);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}

using System.Runtime.InteropServices;
using LuoInterop.VmTesting.Machine;

namespace LuoInterop.VmTesting;

/// <summary>Boots a kernel in QEMU, runs a payload in it across its kexecs, and says how that ended.</summary>
public static class VirtualMachine
{
    /// <summary>Runs a payload in a VM; returns when QEMU and everything that belongs to the run is gone.</summary>
    /// <remarks>Thread-safe: several VMs can run at once. Nothing of a run outlives this process, even when it is killed.</remarks>
    /// <exception cref="ArgumentException">An option cannot mean what it says.</exception>
    /// <exception cref="VmSetupException">A tool is missing, a folder cannot be used, the host is not x86-64, or QEMU hangs in the host's
    /// kernel and cannot be killed.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled; QEMU is gone.</exception>
    public static async Task<VmResult> RunAsync(VmOptions options, CancellationToken cancellationToken = default)
    {
        OptionsCheck.Check(options);
        cancellationToken.ThrowIfCancellationRequested();
        if (RuntimeInformation.OSArchitecture != Architecture.X64)
        {
            throw new VmSetupException(
                $"The guest runs the host's own programs on an x86-64 kernel; this host is {RuntimeInformation.OSArchitecture}. Use "
                + "an x86-64 host, or the emulated kernel.");
        }

        options = options with { Qemu = QemuProgram.Find(options.Qemu) };
        VmAccelerator accelerator = await AcceleratorProbe.ResolveAsync(options, cancellationToken).ConfigureAwait(false);
        try
        {
            return await MachineRun.RunAsync(options, accelerator, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException error)
        {
            throw new VmSetupException(
                "QEMU was killed and does not end: it hangs in the host's kernel (state D in ps), on a file system or device that "
                + "does not answer.",
                error);
        }
    }
}

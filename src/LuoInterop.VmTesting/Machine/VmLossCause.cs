using LuoInterop.VmTesting.Protocol;

namespace LuoInterop.VmTesting.Machine;

/// <summary>Is the reason of a loss with its sentence.</summary>
internal readonly record struct VmLossCause(VmLostReason Reason, string Message)
{
    /// <summary>Judges the end of a run; null when the payload's own verdict stands.</summary>
    /// <param name="record">What the run has shown.</param>
    /// <param name="stopped">Why the host ended the run, if it did.</param>
    /// <param name="end">How QEMU ended.</param>
    internal static VmLossCause? Judge(RunRecord record, VmLossCause? stopped, ProcessEnd end)
    {
        if (stopped is { Reason: VmLostReason.BadFrame or VmLostReason.UnexpectedKernel })
        {
            return stopped;
        }

        // A panic wins over a status: a kernel that fails while it powers off proves nothing good.
        if (record.Panic is { } panic)
        {
            return new VmLossCause(
                VmLostReason.KernelPanic, $"Kernel {Math.Max(1, record.KernelCount)} or its successor panicked: {panic}");
        }

        if (record.End is { } told)
        {
            return told.Kind switch
            {
                ExitKind.GuestSetup =>
                    new VmLossCause(VmLostReason.GuestSetupFailed, $"Init failed at '{told.Text}' with errno {told.Number}."),
                ExitKind.NotStarted => new VmLossCause(
                    VmLostReason.PayloadNotStarted, $"The command '{told.Text}' could not be executed: errno {told.Number}."),
                _ => null,
            };
        }

        VmLossCause cause = stopped ?? JudgeEnd(record, end);

        // A kernel that resets or hangs without a panic has often said before what is wrong.
        return record.FirstReport is { } line
            ? cause with { Message = $"{cause.Message} The first report of a kernel was: {line.Trim()}" }
            : cause;
    }

    private static VmLossCause JudgeEnd(RunRecord record, ProcessEnd end)
    {
        string kernels = record.KernelCount == 0
            ? "before any kernel was announced"
            : $"after {record.KernelCount} announced kernels, without the payload's end";
        switch (end.Kind)
        {
            case ProcessEndKind.SupervisorLost:
                return new VmLossCause(VmLostReason.QemuKilled, $"QEMU's supervisor was killed, and QEMU with it, {kernels}.");
            case ProcessEndKind.Killed:
                return new VmLossCause(VmLostReason.QemuKilled, $"QEMU was killed by signal {end.Number} {kernels}.");
            case ProcessEndKind.Exited when record.QemuText.Contains("terminating on signal", StringComparison.Ordinal):
                return new VmLossCause(VmLostReason.QemuKilled, $"QEMU was asked to end by a signal {kernels}: {record.QemuText.Trim()}");
            case ProcessEndKind.NotStarted:
                return new VmLossCause(VmLostReason.QemuFailedToStart, $"QEMU could not be executed: errno {end.Number}.");
            case ProcessEndKind.Exited when end.Number != 0 && record.KernelCount == 0:
                return new VmLossCause(VmLostReason.QemuFailedToStart, $"QEMU ended with status {end.Number}: {record.QemuText.Trim()}");
            case ProcessEndKind.Exited when end.Number == 0 && record.KernelCount > 0:
                return new VmLossCause(VmLostReason.NoStatus, $"The guest reset or powered off {kernels}.");
            default:
                return new VmLossCause(VmLostReason.QemuExited, $"QEMU ended with status {end.Number} {kernels}.");
        }
    }
}

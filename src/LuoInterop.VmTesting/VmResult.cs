using System.Text;

namespace LuoInterop.VmTesting;

/// <summary>Names the three ends of a run, which are never confused.</summary>
public enum VmOutcome
{
    /// <summary>The payload ended with status 0, the expected kernels were seen, and no report failed.</summary>
    Passed,

    /// <summary>The payload's end arrived, and it or a report says that something does not hold.</summary>
    Failed,

    /// <summary>No verdict of the payload exists: the machine was lost before it.</summary>
    VmLost,
}

/// <summary>Names why a machine was lost.</summary>
public enum VmLostReason
{
    /// <summary>A kernel panicked.</summary>
    KernelPanic,

    /// <summary>QEMU ended by itself before the payload's end was told, without a panic on the console.</summary>
    QemuExited,

    /// <summary>QEMU was killed by someone else.</summary>
    QemuKilled,

    /// <summary>QEMU ended with an error before any kernel was announced.</summary>
    QemuFailedToStart,

    /// <summary>The time for the run, or for one kernel, is over.</summary>
    TimeLimit,

    /// <summary>The guest powered off without telling the payload's end.</summary>
    NoStatus,

    /// <summary>The guest sent bytes that the protocol does not allow.</summary>
    BadFrame,

    /// <summary>A kernel came up that was not expected, or with the wrong stage.</summary>
    UnexpectedKernel,

    /// <summary>Init could not prepare the payload's root.</summary>
    GuestSetupFailed,

    /// <summary>Init could not execute the payload's command.</summary>
    PayloadNotStarted,
}

/// <summary>Says why a machine was lost.</summary>
/// <param name="Reason">The kind of loss.</param>
/// <param name="Message">A sentence with the particulars, such as the panic's line.</param>
/// <param name="ConsoleTail">The console's last lines.</param>
public sealed record VmLoss(VmLostReason Reason, string Message, IReadOnlyList<string> ConsoleTail);

/// <summary>Is one kernel that announced itself.</summary>
/// <param name="Stage">The number on its command line, 1 for the cold boot.</param>
/// <param name="Release">What uname(2) says.</param>
/// <param name="Announced">When init announced it, since the start of QEMU.</param>
/// <param name="Uptime">The kernel's own uptime then.</param>
/// <param name="Duration">The time from the announcement to the next kernel's, or to the end of the run.</param>
public sealed record KernelBoot(int Stage, string Release, TimeSpan Announced, TimeSpan Uptime, TimeSpan Duration);

/// <summary>Is what a payload reported of one test.</summary>
/// <param name="Stage">The kernel it ran in.</param>
/// <param name="Test">The test's name.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Message">What the payload says of it; may be empty.</param>
public sealed record GuestReport(int Stage, string Test, GuestOutcome Outcome, string Message);

/// <summary>Is a named value that a payload sent.</summary>
/// <param name="Stage">The kernel it was sent from.</param>
/// <param name="Name">The value's name.</param>
/// <param name="Value">The value.</param>
public sealed record GuestValue(int Stage, string Name, string Value);

/// <summary>Is a moment that a payload marked.</summary>
/// <param name="Stage">The kernel it was sent from.</param>
/// <param name="Text">What happened.</param>
/// <param name="At">When the host received it, since the start of QEMU.</param>
public sealed record GuestEvent(int Stage, string Text, TimeSpan At);

/// <summary>Is a file that a payload sent.</summary>
/// <param name="Stage">The kernel it was sent from.</param>
/// <param name="Name">The file's name.</param>
/// <param name="Content">Its bytes.</param>
public sealed record GuestFile(int Stage, string Name, ReadOnlyMemory<byte> Content);

/// <summary>Is everything a run has shown. Immutable.</summary>
public sealed class VmResult
{
    /// <summary>Gives the run's end.</summary>
    public required VmOutcome Outcome { get; init; }

    /// <summary>Gives why the machine was lost; null unless <see cref="Outcome"/> is <see cref="VmOutcome.VmLost"/>.</summary>
    public required VmLoss? Loss { get; init; }

    /// <summary>Gives what does not hold, one sentence each; empty unless <see cref="Outcome"/> is
    /// <see cref="VmOutcome.Failed"/>.</summary>
    public required IReadOnlyList<string> Failures { get; init; }

    /// <summary>Gives the payload's exit status, or null when it was ended by a signal or never told.</summary>
    public required int? ExitStatus { get; init; }

    /// <summary>Gives the signal that ended the payload, or null.</summary>
    public required int? Signal { get; init; }

    /// <summary>Gives the kernels in the order of their announcement.</summary>
    public required IReadOnlyList<KernelBoot> Kernels { get; init; }

    /// <summary>Gives the payload's reports in order.</summary>
    public required IReadOnlyList<GuestReport> Reports { get; init; }

    /// <summary>Gives the payload's values in order; a name may occur more than once.</summary>
    public required IReadOnlyList<GuestValue> Values { get; init; }

    /// <summary>Gives the moments that the payload marked, in order.</summary>
    public required IReadOnlyList<GuestEvent> Events { get; init; }

    /// <summary>Gives the files that arrived whole, in order.</summary>
    public required IReadOnlyList<GuestFile> Files { get; init; }

    /// <summary>Gives the console's lines that start a warning, an oops or a stall report of a kernel.</summary>
    public required IReadOnlyList<string> KernelWarnings { get; init; }

    /// <summary>Gives the payload's standard output of all kernels; cut with a note beyond 16 MiB.</summary>
    public required string StandardOutput { get; init; }

    /// <summary>Gives the payload's standard error of all kernels; cut with a note beyond 16 MiB.</summary>
    public required string StandardError { get; init; }

    /// <summary>Gives the console's text of all kernels; cut with a note beyond 16 MiB.</summary>
    public required string Console { get; init; }

    /// <summary>Gives what QEMU itself said.</summary>
    public required string QemuOutput { get; init; }

    /// <summary>Gives the accelerator that was used: <see cref="VmAccelerator.Kvm"/> or <see cref="VmAccelerator.Tcg"/>.</summary>
    public required VmAccelerator Accelerator { get; init; }

    /// <summary>Gives the time from the start of QEMU to its end.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Gives the run's folder if it was kept, else null.</summary>
    public required string? RunFolder { get; init; }

    /// <summary>Throws unless the run has passed; the message is <see cref="ToString"/>.</summary>
    /// <exception cref="VmNotPassedException">The run has failed or the machine was lost.</exception>
    public VmResult EnsurePassed() => Outcome == VmOutcome.Passed ? this : throw new VmNotPassedException(this);

    /// <summary>Describes the run for a person: the outcome, why, the kernels, the failed reports, the last output.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        text.Append(Outcome).Append(" after ").Append(Seconds(Duration)).Append(" (").Append(Accelerator).Append(')');
        if (Loss is not null)
        {
            text.Append(": ").Append(Loss.Reason).Append(": ").Append(Loss.Message);
        }

        foreach (string failure in Failures)
        {
            text.Append("\n  ").Append(failure);
        }

        foreach (KernelBoot kernel in Kernels)
        {
            text.Append("\n  kernel ").Append(kernel.Stage).Append(": ").Append(kernel.Release).Append(" announced at ")
                .Append(Seconds(kernel.Announced))
                .Append(" (uptime ")
                .Append(Seconds(kernel.Uptime))
                .Append("), ran ")
                .Append(Seconds(kernel.Duration));
        }

        foreach (string warning in KernelWarnings)
        {
            text.Append("\n  the kernel warned: ").Append(warning);
        }

        if (Outcome != VmOutcome.Passed)
        {
            AppendTail(text, "standard output", StandardOutput);
            AppendTail(text, "standard error", StandardError);
            AppendTail(text, "console", Console);
            AppendTail(text, "qemu", QemuOutput);
        }

        return text.ToString();
    }

    private static string Seconds(TimeSpan time) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s");

    private static void AppendTail(StringBuilder text, string title, string output)
    {
        if (output.Length > 0)
        {
            text.Append("\n  last lines of ").Append(title).Append(':');
            foreach (string line in output.TrimEnd().Split('\n').TakeLast(20))
            {
                text.Append("\n    ").Append(line.TrimEnd('\r'));
            }
        }
    }
}

/// <summary>Tells that a run which had to pass did not.</summary>
public sealed class VmNotPassedException(VmResult result) : Exception(result?.ToString())
{
    /// <summary>Gives the run's result.</summary>
    public VmResult Result { get; } = result ?? throw new ArgumentNullException(nameof(result));
}

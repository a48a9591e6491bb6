using LuoInterop.Interop;

namespace LuoInterop.Litmus.Replay;

/// <summary>Performs a script's lines, kernel after kernel.</summary>
internal sealed class ScriptRun(LitmusScript script, int number) : IDisposable
{
    /// <summary>Is observed of a kexec whose kernel did not come up.</summary>
    public const string Panic = "panic";

    private LitmusProcess? _process;

    public LitmusScript Script { get; } = script;

    public string?[] Observations { get; } = new string?[script.Lines.Count];

    /// <summary>Gets the index of the line that is next.</summary>
    public int Next { get; private set; }

    /// <summary>Goes to the first line of a kernel, without performing what comes before.</summary>
    /// <param name="stage">The kernel's number, 1 for the first.</param>
    public void SkipTo(int stage)
    {
        for (int kexecs = 1; kexecs < stage; Next++)
        {
            kexecs += Script.Lines[Next].IsKexec ? 1 : 0;
        }
    }

    /// <summary>Performs lines up to a kexec or the end.</summary>
    /// <returns>The kexec, which is still to be performed and observed; null at the script's end, where its process has ended.</returns>
    public LitmusLine? Run(Kernel kernel)
    {
        _process ??= new LitmusProcess(kernel, number);
        for (; Next < Script.Lines.Count; Next++)
        {
            LitmusLine line = Script.Lines[Next];
            if (line.IsKexec)
            {
                _process.CloseDevice();
                return line;
            }

            Observations[Next] = _process.Perform(line);
        }

        Dispose();
        return null;
    }

    /// <summary>Writes down what was observed of the kexec at which <see cref="Run"/> stopped, and goes past it.</summary>
    public void ObserveKexec(string observation) => Observations[Next++] = observation;

    /// <summary>Performs the kexec at which <see cref="Run"/> stopped. Returns only when the kernel refuses.</summary>
    /// <returns>The refusal, as it is observed.</returns>
    public static string Kexec(Kernel kernel, LitmusLine line, string imagePath, string? initrdPath, string commandLine)
    {
        try
        {
            // Whatever comes of it is what is to be observed.
            KexecImage image = KexecImage.Load(
                kernel, imagePath, initrdPath, commandLine, KexecLoadOptions.WithoutLiveUpdate | KexecLoadOptions.DespitePredictedLoss);
            if (line.Operation.IsRaw)
            {
                return LitmusProcess.Describe(kernel.Reboot(RebootHeader.LINUX_REBOOT_CMD_KEXEC));
            }

            image.Reboot();
            throw new InvalidOperationException("reboot(KEXEC) returned without an error.");
        }
        catch (KernelException refusal)
        {
            return LitmusProcess.Describe(-(int)refusal.Errno);
        }
    }

    public LitmusResult ToResult(string? end) => new(Script, Observations, end);

    /// <summary>Ends the process, if one is left.</summary>
    public void Dispose()
    {
        _process?.Dispose();
        _process = null;
    }
}

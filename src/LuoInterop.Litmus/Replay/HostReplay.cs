namespace LuoInterop.Litmus;

/// <summary>Replays scripts on the kernel that this process runs on, up to a kexec.</summary>
public static class HostReplay
{
    /// <summary>Replays a script. A <c>kexec</c> ends it: this machine is not restarted.</summary>
    /// <remarks>It opens the real <c>/dev/liveupdate</c>, and creates and ends sessions there.</remarks>
    /// <param name="script">The script.</param>
    /// <exception cref="LitmusSyntaxException">The script chooses how a kernel starts, or its release.</exception>
    public static LitmusResult Run(LitmusScript script)
    {
        ArgumentNullException.ThrowIfNull(script);
        if (script.Lines.FirstOrDefault(static line => line.Operation.IsBoot || line.Operation.Release is not null) is { } other)
        {
            throw new LitmusSyntaxException(
                script.Name,
                other.Number,
                "this kernel is the one that runs; 'boot' is for an emulated kernel or a VM, and kexec with release= for an "
                + "emulated kernel.");
        }

        using var run = new Replay.ScriptRun(script, 0);
        LitmusLine? kexec = run.Run(Kernel.Linux);
        return run.ToResult(kexec is null
            ? null
            : $"line {kexec.Number} would restart this machine; replay the script with --kernel vm or --kernel emulated");
    }
}

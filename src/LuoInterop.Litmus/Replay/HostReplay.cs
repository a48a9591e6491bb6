namespace LuoInterop.Litmus;

/// <summary>Replays scripts on the kernel that this process runs on, up to a kexec.</summary>
public static class HostReplay
{
    /// <summary>Replays a script. A <c>kexec</c> ends it: this machine is not restarted.</summary>
    /// <remarks>It opens the real <c>/dev/liveupdate</c>, and creates and ends sessions there.</remarks>
    /// <param name="script">The script.</param>
    /// <exception cref="LitmusSyntaxException">The script chooses a kernel's release.</exception>
    public static LitmusResult Run(LitmusScript script)
    {
        ArgumentNullException.ThrowIfNull(script);
        if (script.EmulatedOnly is { } other)
        {
            throw new LitmusSyntaxException(script.Name, other.Number, "this kernel is the one that runs; 'boot', and kexec with release=, are for the emulated kernel.");
        }

        using var run = new Replay.ScriptRun(script, 0);
        LitmusLine? kexec = run.Run(Kernel.Linux);
        return run.ToResult(kexec is null ? null : $"line {kexec.Number} would restart this machine; replay the script with --kernel vm or --kernel emulated");
    }
}

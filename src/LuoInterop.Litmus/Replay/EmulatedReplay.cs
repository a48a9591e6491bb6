using LuoInterop.Emulation;
using LuoInterop.Litmus.Language;
using LuoInterop.Litmus.Replay;

namespace LuoInterop.Litmus;

/// <summary>Replays scripts on emulated machines, each on one of its own.</summary>
public sealed class EmulatedReplay : IDisposable
{
    /// <summary>Is the command line of a kernel for which a script has none.</summary>
    internal const string CommandLine = "kho=on liveupdate=on";

    private readonly EmulatedMachineOptions _options;
    private readonly Dictionary<string, string> _images = [];

    /// <summary>Prepares replays.</summary>
    /// <param name="options">The machines; null for the defaults.</param>
    public EmulatedReplay(EmulatedMachineOptions? options = null) => _options = options ?? new EmulatedMachineOptions();

    /// <summary>Replays a script on a machine that is made for it.</summary>
    /// <param name="script">The script.</param>
    /// <exception cref="LitmusSyntaxException">The script begins in a kernel that cannot be emulated.</exception>
    public LitmusResult Run(LitmusScript script)
    {
        ArgumentNullException.ThrowIfNull(script);
        LitmusOperation? boot = script.Lines is [{ Operation: { IsBoot: true } described }, ..] ? described : null;
        EmulatedMachineOptions options = _options with
        {
            Release = boot?.Release ?? _options.Release,
            CommandLine = boot?.CommandLine ?? _options.CommandLine,
        };
        using var machine = Machine(script, options);
        Kernel kernel = machine.Boot();
        var run = new ScriptRun(script, 0);
        try
        {
            while (run.Run(kernel) is { } kexec)
            {
                try
                {
                    string image = Image(kexec.Operation.Release ?? options.Release);
                    run.ObserveKexec(ScriptRun.Kexec(kernel, kexec, image, null, kexec.Operation.CommandLine ?? CommandLine));
                }
                catch (EmulatedKexecException)
                {
                    // The descriptors died with the kernel; those of the host are given back here.
                    run.Dispose();
                    try
                    {
                        kernel = machine.Boot();
                    }
                    catch (EmulatedKernelPanicException panic)
                    {
                        run.ObserveKexec(ScriptRun.Panic);
                        return run.ToResult(run.Next == script.Lines.Count ? null : $"the next kernel panicked: {panic.Message}");
                    }

                    run.ObserveKexec("0");
                }
            }

            return run.ToResult(null);
        }
        finally
        {
            run.Dispose();
        }
    }

    /// <summary>Removes the kernel images that were made.</summary>
    public void Dispose()
    {
        foreach (string image in _images.Values)
        {
            File.Delete(image);
        }

        _images.Clear();
    }

    private static EmulatedMachine Machine(LitmusScript script, EmulatedMachineOptions options)
    {
        try
        {
            return new EmulatedMachine(options);
        }
        catch (ArgumentException refused) when (script.Lines is [{ Operation.IsBoot: true } boot, ..])
        {
            throw new LitmusSyntaxException(script.Name, boot.Number, refused.Message);
        }
    }

    private string Image(string release)
    {
        if (!_images.TryGetValue(release, out string? path))
        {
            path = Path.GetTempFileName();
            EmulatedKernelImage.Write(path, release);

            _images.Add(release, path);
        }

        return path;
    }
}

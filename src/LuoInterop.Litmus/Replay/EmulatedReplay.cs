using LuoInterop.Emulation;
using LuoInterop.Litmus.Replay;

namespace LuoInterop.Litmus;

/// <summary>Replays scripts on emulated machines, each on one of its own.</summary>
public sealed class EmulatedReplay : IDisposable
{
    private const string CommandLine = "kho=on liveupdate=on";

    private readonly EmulatedMachineOptions _options;
    private readonly Dictionary<string, string> _images = [];

    /// <summary>Prepares replays.</summary>
    /// <param name="options">The machines; null for the defaults.</param>
    public EmulatedReplay(EmulatedMachineOptions? options = null) => _options = options ?? new EmulatedMachineOptions();

    /// <summary>Replays a script on a machine that is made for it.</summary>
    /// <param name="script">The script.</param>
    public LitmusResult Run(LitmusScript script)
    {
        ArgumentNullException.ThrowIfNull(script);
        using var machine = new EmulatedMachine(_options);
        Kernel kernel = machine.Boot();
        var run = new ScriptRun(script, 0);
        try
        {
            while (run.Run(kernel) is { } kexec)
            {
                try
                {
                    string image = Image(kexec.Operation.Release ?? _options.Release);
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

    private string Image(string release)
    {
        if (!_images.TryGetValue(release, out string? path))
        {
            path = Path.GetTempFileName();
            using (FileStream file = File.Create(path))
            {
                EmulatedKernelImage.Write(file, release);
            }

            _images.Add(release, path);
        }

        return path;
    }
}

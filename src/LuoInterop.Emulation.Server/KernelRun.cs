using LuoInterop.Emulation.Boot;
using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Server.Descriptors;
using LuoInterop.Emulation.Server.Seccomp;
using LuoInterop.Emulation.Server.Trace;
using LuoInterop.Interop;
using Tmds.Linux;

namespace LuoInterop.Emulation.Server;

/// <summary>Is one kernel of a machine, from its boot to its end, with what programs have open in it.</summary>
internal sealed class KernelRun : IDisposable
{
    // What no file of debugfs is larger than.
    private const int LargestFile = 16 << 20;

    private readonly TaskCompletionSource<KernelEnd> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Action<ProgramEvent> _tell;
    private readonly ShownFiles _shown;
    private readonly string _deviceName;
    private readonly HashSet<string> _told = [];

    public KernelRun(EmulatedKernel system, int stage, ShownFiles shown, CallTrace? trace, Action<ProgramEvent> tell)
    {
        System = system;
        Stage = stage;
        Trace = trace;
        _shown = shown;
        _tell = tell;
        _deviceName = Path.GetFileName(system.Options.DevicePath);
        Placeholders = new PlaceholderTable(system, trace is null ? null : trace.Closed);
        Refresh();
    }

    /// <summary>Gets the emulated kernel.</summary>
    public EmulatedKernel System { get; }

    /// <summary>Gets which kernel of the machine it is: 1 for the first, 2 after a kexec.</summary>
    public int Stage { get; }

    /// <summary>Gets what stands for emulated files in the programs.</summary>
    public PlaceholderTable Placeholders { get; }

    /// <summary>Gets where calls are written down; null for nowhere.</summary>
    public CallTrace? Trace { get; }

    /// <summary>Gets how the kernel ended, once it has.</summary>
    public Task<KernelEnd> Ended => _ended.Task;

    /// <summary>Tells whether a path is that of the device.</summary>
    public bool IsDevice(string path) => path == System.Options.DevicePath;

    /// <summary>Tells whether a path, as a program gives it, may lead to a file of this kernel: cheap, and true rather
    /// than false.</summary>
    public bool MayOwn(string path, bool everything) =>
        path.EndsWith(_deviceName, StringComparison.Ordinal)
        || (everything && (!path.StartsWith('/') || path.StartsWith("/proc", StringComparison.Ordinal)
            || path.StartsWith("/sys", StringComparison.Ordinal) || path.Contains("..", StringComparison.Ordinal)));

    /// <summary>Reads a file of this kernel: 0, or <c>-errno</c>.</summary>
    public int ReadFile(string path, out byte[] content)
    {
        content = [];
        lock (System.Lock)
        {
            int error = System.Files.Open(path, LibC.O_RDONLY, out OpenFile? file);
            if (error != 0)
            {
                return error;
            }

            using var read = new MemoryStream();
            Span<byte> block = new byte[64 << 10];
            while (true)
            {
                nint count = file!.Read(block);
                if (count <= 0 || read.Length > LargestFile)
                {
                    content = read.ToArray();
                    return (int)count < 0 ? (int)count : 0;
                }

                read.Write(block[..(int)count]);
            }
        }
    }

    /// <summary>Writes the files that are mounted for programs anew.</summary>
    public void Refresh() => _shown.Write(this);

    /// <summary>Tells the machine's owner of something; of the same thing once.</summary>
    public void Tell(ProgramEventKind kind, string text)
    {
        lock (_told)
        {
            if (kind == ProgramEventKind.Note && !_told.Add(text))
            {
                return;
            }
        }

        _tell(new ProgramEvent(kind, Stage, text));
    }

    /// <summary>Ends the kernel for a difference to Linux that a program has run into.</summary>
    public void Fail(string difference) => _ended.TrySetResult(new KernelEnd(null, difference));

    /// <summary>Ends the kernel: it has obeyed reboot(2), has panicked, or lost its power.</summary>
    public void End(EmulatedRebootException end) => _ended.TrySetResult(new KernelEnd(end.Command, end.Message));

    /// <summary>Switches the machine off where the emulated kernel runs on: after a difference to Linux.</summary>
    public void SwitchOff()
    {
        lock (System.Lock)
        {
            try
            {
                _ = System.HasEnded ? 0 : System.Reboot(RebootHeader.LINUX_REBOOT_CMD_POWER_OFF);
            }
            catch (EmulatedRebootException)
            {
                // It has obeyed.
            }
        }
    }

    public void Dispose() => Placeholders.Dispose();
}

/// <summary>Tells how a kernel ended.</summary>
/// <param name="Command">The command of reboot(2); null where the machine failed.</param>
/// <param name="Text">What is to be said of it.</param>
internal sealed record KernelEnd(uint? Command, string Text);

using System.Globalization;
using System.Text;
using LuoInterop;
using LuoInterop.Kvm;
using MiniVmm.Guests;
using MiniVmm.Machine;
using MiniVmm.Memory;
using MiniVmm.Output;
using MiniVmm.Update;

namespace MiniVmm.Demo;

/// <summary>Is one guest of the demo, in one kernel.</summary>
internal sealed class DemoGuest : IDisposable
{
    private const int LinesThatShowLife = 5;
    private const int MostTries = 5000;

    private static readonly TimeSpan s_firstWait = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_proof = TimeSpan.FromSeconds(60);

    private readonly IGuestProgram _program;
    private readonly DemoOptions _options;
    private readonly ConsoleOutput _console;
    private IReadOnlyList<long> _progress = [];
    private volatile int _lines;
    private volatile string _lastLine = "";

    /// <summary>Makes the guest of what was handed over, or anew. It stands still.</summary>
    public DemoGuest(Kernel kernel, UpdateClock clock, DemoOptions options, IGuestProgram program, TextWriter output)
    {
        _program = program;
        _options = options;
        Action<ReadOnlyMemory<byte>> sink = program.WritesLines ? new LineSink(Name, output, See).Write : Count;
        _console = new ConsoleOutput(sink);
        try
        {
            using var ahead = new MachineAhead(kernel, _console.Write);
            Update = VmUpdate.Open(kernel, program.Name, clock);
            Machine = Update.Resumed ? Restore(ahead) : Make(kernel, ahead);
        }
        catch
        {
            Update?.Dispose();
            _console.Dispose();
            throw;
        }
    }

    /// <summary>Gets its name.</summary>
    public string Name => _program.Name;

    /// <summary>Gets the machine.</summary>
    public GuestMachine Machine { get; }

    /// <summary>Gets its live updates.</summary>
    public VmUpdate Update { get; }

    /// <summary>Gets the blackout of the update that it came by; null for a guest that was started.</summary>
    public Blackout? Blackout { get; private set; }

    /// <summary>Gets the last line that it wrote, but for the kernel's messages.</summary>
    public string LastLine => _lastLine;

    /// <summary>Lets the guest run.</summary>
    public void Run()
    {
        if (Update.Resumed)
        {
            Update.Release(Machine);
        }
        else
        {
            Machine.Resume();
        }
    }

    /// <summary>Finishes what was handed over, once the guest has shown that it runs.</summary>
    /// <exception cref="DemoException">It has not; the memory stays claimed as long as this process lives.</exception>
    public void Finish()
    {
        if (!Update.Resumed)
        {
            return;
        }

        long start = UpdateTimeline.Now();
        if (!Update.ProveLife(Machine, s_proof))
        {
            Machine.Pause();
            throw new DemoException($"{Name}: the guest was restored and does not run: {Machine.Describe()}");
        }

        long proven = UpdateTimeline.Now() - start;
        Blackout = Update.Measure() with { ProofNanoseconds = proven };
        Update.Finish();
    }

    /// <summary>Waits until the guest has shown that it runs.</summary>
    /// <exception cref="DemoException">It has not, or something in it is wrong.</exception>
    public void MustRun()
    {
        long start = Environment.TickCount64;
        int lines = _lines + LinesThatShowLife;
        int seen = _lines;
        TimeSpan wait = s_firstWait;
        while (true)
        {
            if (Machine.Ended.IsCompleted)
            {
                throw new DemoException($"{Name}: {Machine.Ended.Result.Reason}");
            }

            if (_program.IsSeen ? HasGoneOn() : _lines >= lines)
            {
                return;
            }

            if (Environment.TickCount64 - start > _options.Patience.TotalMilliseconds)
            {
                Machine.Pause();
                throw new DemoException($"{Name}: the guest shows no progress: {Machine.Describe()}");
            }

            if (Update.Updates > 0 && _lines == seen)
            {
                // It says nothing by itself. While it boots its driver looks at the port, and nobody reads.
                Type(_program.Question);
            }

            seen = _lines;

            Thread.Sleep(wait);
            wait = wait * 2 < s_longestWait ? wait * 2 : s_longestWait;
        }
    }

    /// <summary>Types what the guest is to do next, if there is anything.</summary>
    public void Order() => Type(_program.OrderBefore(Update.Updates));

    /// <summary>Returns when all that the guest has written is with the output.</summary>
    public void Flush() => _console.Flush();

    /// <summary>Ends the guest.</summary>
    public void Dispose()
    {
        Machine.Dispose();
        Update.Dispose();
        _console.Dispose();
    }

    private GuestMachine Make(Kernel kernel, MachineAhead ahead)
    {
        GuestMachine machine = ahead.Take(GuestRam.Create(kernel, _options.Memory, _options.HugePages), _options.Cpus);
        try
        {
            machine.Boot(_program.Load(machine.Ram, _options.Cpus), CpuidMaskKind.Auto);
            return machine;
        }
        catch
        {
            machine.Dispose();
            throw;
        }
    }

    private GuestMachine Restore(MachineAhead ahead)
    {
        GuestMachine machine = Update.Resume(_console.Write, KvmClockGap.Advance, ahead);
        try
        {
            // What the host can see of the guest is as it was: before the first instruction.
            GuestReport report = _program.Look(machine, Update.Updates);
            MustBeSound(report);
            _progress = report.Progress;
            return machine;
        }
        catch
        {
            machine.Dispose();
            throw;
        }
    }

    private bool HasGoneOn()
    {
        Machine.Pause();
        GuestReport report = _program.Look(Machine, Update.Updates);
        Machine.Resume();
        MustBeSound(report);
        if (_progress.Count == 0)
        {
            _progress = report.Progress;
            return false;
        }

        return !report.Progress.Zip(_progress, static (now, then) => now != then).Contains(false);
    }

    private void MustBeSound(GuestReport report)
    {
        if (report.Fault is { } fault)
        {
            throw new DemoException(string.Create(CultureInfo.InvariantCulture, $"{Name} after {Update.Updates} updates: {fault}"));
        }
    }

    private void Count(ReadOnlyMemory<byte> piece) => _lines += piece.Length;

    private void See(string line)
    {
        // The kernel's messages begin with a time, and what was typed with the prompt.
        if (line.Length > 0 && line[0] is not ('[' or '>'))
        {
            _lastLine = line;
            _lines++;
        }
    }

    private void Type(string? text)
    {
        ReadOnlySpan<byte> rest = Encoding.ASCII.GetBytes(text ?? "");
        for (int tries = 0; !rest.IsEmpty && tries < MostTries; tries++)
        {
            // The port takes as much as its FIFO has room for.
            int taken = Machine.Serial.Receive(rest);
            rest = rest[taken..];
            if (taken == 0)
            {
                Thread.Sleep(1);
            }
        }
    }
}

using System.Globalization;
using LuoInterop;
using LuoInterop.Kvm;
using MiniVmm.Boot;
using MiniVmm.Machine;
using MiniVmm.Memory;
using MiniVmm.Output;
using MiniVmm.Update;

namespace MiniVmm.Demo;

/// <summary>Is the program of the demo: started in every kernel, it resumes its guest when there is one, and starts it otherwise.</summary>
/// <param name="kernel">The kernel.</param>
/// <param name="clock">When the kernel and this program started.</param>
/// <param name="options">What to run.</param>
/// <param name="load">Loads the next kernel.</param>
/// <param name="output">Takes what the host says, and the guest's lines.</param>
/// <param name="flush">Returns when nothing of the output can be lost by a kexec any more.</param>
internal sealed class DemoProgram(
    Kernel kernel, UpdateClock clock, DemoOptions options, Func<KexecImage> load, TextWriter output, Action flush)
{
    private const string Name = "vm1";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private volatile string _lastStatus = "";
    private volatile int _lines;

    public int Run()
    {
        using VmUpdate update = VmUpdate.Open(kernel, Name, clock);
        using var console = new ConsoleOutput(new LineSink(Name, output, Look).Write);
        Say($"kernel {kernel.Release}, {(update.Resumed ? "with a guest that was handed over" : "no guest yet")}");
        using GuestMachine machine = update.Resumed ? Resume(update, console) : Start(console);
        if (!WaitForLines(machine, options.LinesBetweenUpdates))
        {
            Say($"FAILED: {(machine.Ended.IsCompleted ? machine.Ended.Result.Reason : "the guest says nothing")}");
            return 1;
        }

        if (update.Updates < options.Updates)
        {
            return Update(update, machine, console);
        }

        machine.Pause();
        console.Flush();
        Say($"PASSED: {update.Updates} live updates, and the guest still runs. Its last words: {_lastStatus}");
        return 0;
    }

    private GuestMachine Start(ConsoleOutput console)
    {
        var machine = new GuestMachine(kernel, GuestRam.Create(kernel, options.Memory), options.Cpus, console.Write);
        BootEntry entry = LinuxBoot.Load(machine.Ram, options.Kernel(), options.Initrd(), options.CommandLine, options.Cpus);
        machine.Boot([entry], CpuidMaskKind.Auto);
        Say(string.Create(
            CultureInfo.InvariantCulture, $"starts Linux with {options.Memory >> 20} MiB and {options.Cpus} vCPUs"));
        if (CpuidMask.Describe(machine.Mask) is { } hidden)
        {
            Say(hidden);
        }

        machine.Resume();
        return machine;
    }

    private GuestMachine Resume(VmUpdate update, ConsoleOutput console)
    {
        GuestMachine machine = update.Resume(console.Write, KvmClockGap.Advance);
        Blackout blackout = update.Measure(machine);
        machine.Resume();
        if (!update.ProveLife(machine, s_patience))
        {
            throw new InvalidOperationException("The guest was restored and does not run.");
        }

        update.Finish();
        Report(update.Updates, blackout);
        return machine;
    }

    private int Update(VmUpdate update, GuestMachine machine, ConsoleOutput console)
    {
        KexecImage image = load();
        update.Prepare(machine);
        Say("RAM is preserved, the next kernel loaded; the guest stops");
        try
        {
            update.Stop(machine);
            console.Flush();
            flush();
            update.Jump(image);
        }
        catch (KernelException error)
        {
            update.GiveUp(machine);
            Say($"FAILED: {error.Message} The guest runs on.");
        }

        return 1;
    }

    private bool WaitForLines(GuestMachine machine, int count)
    {
        int end = _lines + count;
        long start = Environment.TickCount64;
        while (_lines < end && Environment.TickCount64 - start < options.Patience.TotalMilliseconds && !machine.Ended.IsCompleted)
        {
            Thread.Sleep(20);
        }

        return _lines >= end;
    }

    private void Look(string line)
    {
        // Kernel messages do not count.
        if (!line.StartsWith('['))
        {
            _lines++;
            _lastStatus = line;
        }
    }

    private void Report(int number, Blackout blackout)
    {
        Say(string.Create(CultureInfo.InvariantCulture, $"live update {number}: the guest stood still for {Milliseconds(blackout.Nanoseconds)}"));
        foreach (BlackoutPart part in blackout.Parts)
        {
            Say(string.Create(CultureInfo.InvariantCulture, $"  {Milliseconds(part.Nanoseconds),14}  {part.Name}"));
        }

        Say(string.Create(CultureInfo.InvariantCulture, $"  {blackout.OwnShare * 100:N1} % of it is this program's"));
    }

    private static string Milliseconds(long nanoseconds) =>
        string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 1e6:N1} ms");

    private void Say(string text)
    {
        lock (output)
        {
            output.WriteLine($"host | {text}");
        }
    }
}

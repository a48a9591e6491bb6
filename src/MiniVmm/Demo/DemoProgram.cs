using System.Globalization;
using LuoInterop;
using LuoInterop.Kvm;
using MiniVmm.Guests;
using MiniVmm.Machine;
using MiniVmm.Update;

namespace MiniVmm.Demo;

/// <summary>Is the program of the demo: started in every kernel, it resumes the guests that were handed over, or starts them.</summary>
/// <param name="kernel">The kernel.</param>
/// <param name="clock">When the kernel and this program started.</param>
/// <param name="options">What to run.</param>
/// <param name="load">Loads the next kernel.</param>
/// <param name="output">Takes what the host says, and the guests' lines.</param>
/// <param name="flush">Returns when nothing of the output can be lost by a kexec any more.</param>
/// <param name="record">Keeps a blackout: the guest, the number of the update.</param>
internal sealed class DemoProgram(
    Kernel kernel,
    UpdateClock clock,
    DemoOptions options,
    Func<KexecImage> load,
    TextWriter output,
    Action flush,
    Action<string, int, Blackout> record)
{
    private const int MostUpdates = 1000;

    /// <summary>Runs in this kernel.</summary>
    /// <returns>0 at the end of the last; a kexec does not return.</returns>
    public int Run()
    {
        var guests = new List<DemoGuest>();
        try
        {
            foreach (IGuestProgram program in options.Programs)
            {
                guests.Add(new DemoGuest(kernel, clock, options, program, output));
            }

            // All at once: one that runs takes time from those that are still being put together.
            guests.ForEach(static guest => guest.Run());
            guests.ForEach(static guest => guest.Finish());
            guests.ForEach(Introduce);
            guests.ForEach(static guest => guest.MustRun());
            int updates = guests.Max(static guest => guest.Update.Updates);
            if (updates < options.Updates)
            {
                if (options.Seed is { } seed)
                {
                    guests.ForEach(static guest => guest.Order());
                    WaitForTheMoment(seed, updates);
                }

                return Update(guests);
            }

            foreach (DemoGuest guest in guests)
            {
                guest.Machine.Pause();
                guest.Flush();
            }

            DemoGuest? talker = guests.Find(static guest => guest.LastLine.Length > 0);
            string last = talker is null ? "" : $" {talker.Name} says: {talker.LastLine}";
            Say(string.Create(
                CultureInfo.InvariantCulture, $"PASSED: {updates} live updates, and every guest runs on.{last}"));
            return 0;
        }
        catch (Exception error) when (error is DemoException or KernelException or KvmStateException or SessionCatalogueException)
        {
            Say($"FAILED: {error.Message}");
            return 1;
        }
        finally
        {
            guests.ForEach(static guest => guest.Dispose());
        }
    }

    private void Introduce(DemoGuest guest)
    {
        if (guest.Blackout is { } blackout)
        {
            Report(guest, blackout);
            record(guest.Name, guest.Update.Updates, blackout);
            return;
        }

        Say(string.Create(
            CultureInfo.InvariantCulture,
            $"{guest.Name} starts on Linux {kernel.Release}: {options.Memory >> 20} MiB, "
            + $"{guest.Machine.Ram.CountHugePageBytes() >> 20} MiB of it in folios of 2 MiB, {options.Cpus} vCPUs"));
        if (CpuidMask.Describe(guest.Machine.Mask) is { } hidden)
        {
            Say(hidden);
        }
    }

    // Random moments are the same ones for a seed.
    private void WaitForTheMoment(int seed, int updates)
    {
        var random = new Random((seed * MostUpdates) + updates);
        Thread.Sleep(TimeSpan.FromMilliseconds(random.NextDouble() * options.LongestWait.TotalMilliseconds));
    }

    private int Update(List<DemoGuest> guests)
    {
        try
        {
            KexecImage image = load();
            guests.ForEach(static guest => guest.Update.Prepare(guest.Machine));
            Say("the guests' RAM is preserved, the next kernel loaded; now they stop");
            guests.ForEach(static guest => guest.Update.Stop(guest.Machine));
            guests.ForEach(static guest => guest.Flush());
            flush();
            guests[^1].Update.Jump(image);
        }
        catch (KernelException error)
        {
            guests.ForEach(static guest => guest.Update.GiveUp(guest.Machine));
            guests.ForEach(static guest => guest.MustRun());
            Say($"FAILED: {error.Message} The guests run on.");
        }

        return 1;
    }

    private void Report(DemoGuest guest, Blackout blackout)
    {
        Say(string.Create(
            CultureInfo.InvariantCulture,
            $"{guest.Name} runs on Linux {kernel.Release}, live update {guest.Update.Updates}: "
                + $"it stood still for {Milliseconds(blackout.Nanoseconds)}"));
        foreach (BlackoutPart part in blackout.Parts)
        {
            string bar = Blackout.Bar((double)part.Nanoseconds / blackout.Nanoseconds);
            Say(string.Create(CultureInfo.InvariantCulture, $"{Milliseconds(part.Nanoseconds),14}  {part.Name,-38} {bar}").TrimEnd());
        }

        if (blackout.ProofNanoseconds is { } proof)
        {
            Say(string.Create(CultureInfo.InvariantCulture, $"{Milliseconds(proof),14}  later it was known that the guest runs"));
        }

        Say(string.Create(CultureInfo.InvariantCulture, $"{blackout.OwnShare * 100,13:N1}%  of it is this program's"));
    }

    private static string Milliseconds(long nanoseconds) => string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 1e6:N1} ms");

    private void Say(string text)
    {
        lock (output)
        {
            output.WriteLine($"host | {text}");
        }
    }
}

using System.Diagnostics;
using System.Globalization;
using LuoInterop.VmTesting;

namespace LuoInterop.VmBenchmarks;

/// <summary>Runs in every kernel of the VM: ends the work that the kernel before began, begins the next, and jumps.</summary>
internal static class PayloadProgram
{
    /// <summary>The word before the stage and the cycle counter in the mark that a kernel leaves on the console.</summary>
    public const string Mark = "luo-bench-jump";

    public static int Run(string list)
    {
        // Before anything else: this is when the next kernel's first program runs.
        ulong cycles = Twins.twin_cycles();
        double uptime = Uptime();
        IReadOnlyList<IWork> works = WorkList.Parse(list);
        using Guest guest = Guest.Open();
        SendMoment(guest, "started");
        Samples.Send(guest, "arrived cycles", cycles);
        Samples.Send(guest, "arrived uptime", uptime);
        if (guest.Stage > 1)
        {
            works[guest.Stage - 2].Arrive(guest);
        }

        if (guest.Stage > works.Count)
        {
            return 0;
        }

        IWork work = works[guest.Stage - 1];
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{guest.Stage} of {works.Count}: {work.Title}"));
        work.Leave(guest);
        SendMoment(guest, "leaving");
        Guest.Flush();
        Twins.Took(Twins.twin_jump(string.Create(CultureInfo.InvariantCulture, $"{Mark} {guest.Stage}")), "reboot");
        return 1;
    }

    // The cycle counter beside the host's clock.
    private static void SendMoment(Guest guest, string what) =>
        guest.Event(string.Create(CultureInfo.InvariantCulture, $"{what} {Twins.twin_cycles()}"));

    // CLOCK_MONOTONIC, which counts from the kernel's start.
    private static double Uptime() => (double)Stopwatch.GetTimestamp() / Stopwatch.Frequency;
}

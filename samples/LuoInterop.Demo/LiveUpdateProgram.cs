using System.Globalization;
using System.Text.Json.Nodes;
using LuoInterop.Kho;

namespace LuoInterop.Demo;

/// <summary>Is the program whose memory survives: started in every kernel, it resumes when its session is there, and starts
/// otherwise.</summary>
/// <remarks>It knows nothing of which kernel answers: it runs unchanged on Linux and on the emulated kernel.</remarks>
public sealed class LiveUpdateProgram(Kernel kernel, long ramSize, NextKernel next, TextWriter output, bool json)
{
    private const string UpdateName = "luo-demo";
    private const string RamName = "guest-ram";
    private const string StateName = "state";

    private TextWriter? Live => json ? null : output;

    public int Run()
    {
        using LiveUpdate update = LiveUpdate.Open(kernel, UpdateName);
        return update.Resumed ? Resume(update) : Start(update);
    }

    /// <summary>Makes the guest's RAM, preserves it and starts the next kernel; does not return.</summary>
    private int Start(LiveUpdate update)
    {
        Live?.WriteLine($"first kernel: {kernel.Description}");
        Timeline timeline = Timeline.Start(Live);
        SayWhatIsMissing(timeline);
        using Memfd ram = Memfd.Create(kernel, RamName, ramSize);
        using MemfdMapping mapping = ram.Map();
        mapping.Populate();
        timeline.Mark(kernel.Release, $"create and populate {Mib(ramSize)} of guest RAM in a memfd");

        ulong seed = (ulong)Random.Shared.NextInt64();
        GuestRam.Fill(mapping, seed);
        timeline.Mark(kernel.Release, "fill it with a pattern");

        update.Preserve(RamName, ram);
        timeline.Mark(kernel.Release, $"preserve it under the name \"{RamName}\" in the session \"{UpdateName}\"");

        KexecImage image = KexecImage.Load(kernel, next.ImagePath, next.InitrdPath, next.CommandLine);
        timeline.Mark(kernel.Release, "load the next kernel");

        // The guest stands still from here on.
        update.PreserveBytes(StateName, GuestState.ToBytes(seed, timeline));
        output.Flush();
        update.Handover(image);
        return 1;
    }

    /// <summary>Takes the guest's RAM back, verifies it, and only then finishes the session.</summary>
    private int Resume(LiveUpdate update)
    {
        Live?.WriteLine($"next kernel: {kernel.Description}");
        using Memfd ram = update.RetrieveMemfd(RamName);
        (ulong seed, Timeline timeline) = GuestState.Read(update.RetrieveBytes(StateName));
        timeline.Mark(kernel.Release, "kexec: freeze, start the next kernel and this program, open the device, retrieve by name");

        using MemfdMapping mapping = ram.Map();
        long difference = GuestRam.FindDifference(mapping, seed);
        if (difference >= 0)
        {
            // Not finished here, but the end of this process does it (luo_session_release). A service would live on, or pass the
            // session's descriptor to its service manager, so that the files can still be looked into.
            output.WriteLine($"FAILED: the guest RAM differs at byte {difference}. The session \"{UpdateName}\" ends with this process.");
            return 1;
        }

        timeline.Mark(kernel.Release, $"verify all {mapping.Length.ToString("N0", CultureInfo.InvariantCulture)} bytes of guest RAM");
        update.Finish();
        timeline.Mark(kernel.Release, "finish the session");
        Report(timeline, mapping.Length, update.KexecsCount);
        return 0;
    }

    /// <summary>Says what a start without a session means: in a kernel that was updated live, memory of an earlier run is gone.</summary>
    private void SayWhatIsMissing(Timeline timeline)
    {
        KhoReading<ulong> updates = new KhoDebugFs(kernel).ReadBootChain().LiveUpdates;
        if (updates.TryGetValue(out ulong count) && count == 0)
        {
            return;
        }

        string origin = updates.HasValue
            ? $"this kernel was started by a live update, and has no session \"{UpdateName}\" to resume"
            : $"there is no session \"{UpdateName}\" to resume, and whether this kernel was started by a live update is not known "
                + $"({updates.Detail})";
        timeline.Mark(kernel.Release, $"start anew: {origin}. Memory of an earlier run was finished, or it is LOST");
    }

    private void Report(Timeline timeline, long verified, long kexecs)
    {
        KhoBootChain chain = new KhoDebugFs(kernel).ReadBootChain();
        if (json)
        {
            output.WriteLine(new JsonObject
            {
                ["kernel"] = kernel.Description,
                ["verifiedBytes"] = verified,
                ["kexecsOfThisState"] = kexecs,
                ["liveUpdatesOfThisBootChain"] = chain.LiveUpdates.TryGetValue(out ulong updates) ? updates : null,
                ["previousRelease"] = chain.PreviousRelease,
                ["timeline"] = timeline.ToJson()["steps"]!.DeepClone(),
                ["differencesFromLinux"] = new JsonArray([.. kernel.Differences.Select(static text => (JsonNode)text)]),
            }.ToJsonString(new System.Text.Json.JsonSerializerOptions { WriteIndented = true }));
            return;
        }

        output.WriteLine();
        output.WriteLine("the whole live update:");
        foreach (Timeline.Step step in timeline.Steps)
        {
            output.WriteLine(step);
        }

        output.WriteLine();
        output.WriteLine($"boot chain: {chain}");
        if (kernel.Differences.Count > 0)
        {
            output.WriteLine();
            output.WriteLine("what differs from Linux here:");
            foreach (string difference in kernel.Differences)
            {
                output.WriteLine($"  - {difference}");
            }
        }

        output.WriteLine();
        output.WriteLine($"PASSED: {Mib(verified)} of guest RAM went through the kernel update unchanged.");
    }

    private static string Mib(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes >> 20} MiB");
}

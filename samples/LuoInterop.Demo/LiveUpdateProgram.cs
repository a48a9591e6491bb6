using System.Globalization;
using System.Text.Json.Nodes;
using LuoInterop.Kho;

namespace LuoInterop.Demo;

/// <summary>Is the program whose memory survives: started in every kernel, it resumes when its session is there, and starts otherwise.</summary>
/// <remarks>It knows nothing of which kernel answers: it runs unchanged on Linux and on the emulated kernel.</remarks>
public sealed class LiveUpdateProgram(Kernel kernel, long ramSize, NextKernel next, TextWriter output, bool json)
{
    private const string SessionName = "luo-demo";
    private const string RamName = "guest-ram";
    private const string StateName = "state";

    private TextWriter? Live => json ? null : output;

    public int Run()
    {
        // The device is for one process at a time: it is held for as long as it takes to get the session, no longer.
        LiveUpdateSession? session;
        bool resumes;
        using (LiveUpdateDevice device = LiveUpdateDevice.Open(kernel))
        {
            resumes = device.TryRetrieveSession(SessionName, out session);
            session ??= device.CreateSession(SessionName);
        }

        return resumes ? Resume(session) : Start(session);
    }

    /// <summary>Makes the guest's RAM, preserves it and starts the next kernel; does not return.</summary>
    private int Start(LiveUpdateSession session)
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

        using Memfd state = Memfd.Create(kernel, StateName, GuestState.Size);
        SessionCatalogue catalogue = SessionCatalogue.Create(session);
        catalogue.Preserve(RamName, ram);
        catalogue.Preserve(StateName, state);
        catalogue.Commit();
        timeline.Mark(kernel.Release, $"preserve RAM, state and catalogue in the session \"{SessionName}\"");

        KexecImage image = KexecImage.Load(kernel, next.ImagePath, next.InitrdPath, next.CommandLine);
        timeline.Mark(kernel.Release, "load the next kernel");

        // A preserved file can be written until the kexec, as long as its size stays.
        GuestState.Write(state, seed, timeline);
        session.HoldUntilKexec();
        output.Flush();
        image.Reboot();
        throw new InvalidOperationException("reboot(KEXEC) returned without an error.");
    }

    /// <summary>Takes the guest's RAM back, verifies it, and only then finishes the session.</summary>
    private int Resume(LiveUpdateSession session)
    {
        Live?.WriteLine($"next kernel: {kernel.Description}");
        SessionCatalogue catalogue = SessionCatalogue.Open(session);
        using Memfd ram = catalogue.Retrieve(RamName);
        using Memfd state = catalogue.Retrieve(StateName);
        if (!GuestState.TryRead(state, out ulong seed, out Timeline timeline))
        {
            return Fail(session, "the guest's state is not what was written");
        }

        timeline.Mark(kernel.Release, "kexec: freeze, start the next kernel and this program, open the device, retrieve by name");

        using MemfdMapping mapping = ram.Map();
        long difference = GuestRam.FindDifference(mapping, seed);
        if (difference >= 0)
        {
            return Fail(session, $"the guest RAM differs at byte {difference}");
        }

        timeline.Mark(kernel.Release, $"verify all {mapping.Length.ToString("N0", CultureInfo.InvariantCulture)} bytes of guest RAM");
        session.Finish();
        session.Dispose();
        timeline.Mark(kernel.Release, "finish the session");
        Report(timeline, mapping.Length, catalogue.Document.KexecsCount);
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
            ? $"this kernel was started by a live update, and has no session \"{SessionName}\" to resume"
            : $"there is no session \"{SessionName}\" to resume, and whether this kernel was started by a live update is not known ({updates.Detail})";
        timeline.Mark(kernel.Release, $"start anew: {origin}. Memory of an earlier run was finished, or it is LOST");
    }

    private int Fail(LiveUpdateSession session, string what)
    {
        // Not finished here, but the end of this process does it (luo_session_release). A service would live on, or pass the
        // session's descriptor to its service manager, so that the files can still be looked into.
        output.WriteLine($"FAILED: {what}. The session \"{session.Name}\" ends with this process.");
        session.Dispose();
        return 1;
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

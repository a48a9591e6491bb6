using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using LuoInterop.VmTesting;

namespace LuoInterop.Contract;

/// <summary>Runs one body of every scenario in the kernel that runs, then starts the next kernel with the same program.</summary>
public static class VmRun
{
    /// <summary>The runner's own session, whose memfd carries which scenarios are alive and what they noted.</summary>
    private const string Session = "contract-runner";
    private const ulong NotesToken = 1;

    public static int Run(Guest guest, Kernel kernel)
    {
        ArgumentNullException.ThrowIfNull(guest);
        Dictionary<string, Dictionary<string, string>> alive = guest.Stage == 1
            ? Scenario.All.ToDictionary(static scenario => scenario.Name, static _ => new Dictionary<string, string>())
            : ReadNotes(kernel);
        foreach (Scenario scenario in Scenario.All.Where(scenario => alive.ContainsKey(scenario.Name)))
        {
            if (!RunBody(guest, kernel, scenario, alive[scenario.Name]))
            {
                alive.Remove(scenario.Name);
            }
        }

        if (alive.Count == 0)
        {
            return 0;
        }

        WriteNotes(kernel, alive);
        KexecImage image = KexecImage.Load(kernel, guest.NextKernelImagePath, Guest.InitrdPath, guest.NextCommandLine);
        Guest.Flush();
        image.Reboot();
        throw new InvalidOperationException("reboot(KEXEC) returned without an error.");
    }

    /// <summary>Runs the body of this kernel, and tells whether the scenario goes on in the next one.</summary>
    private static bool RunBody(Guest guest, Kernel kernel, Scenario scenario, Dictionary<string, string> notes)
    {
        long started = Stopwatch.GetTimestamp();
        try
        {
            using var stage = new Stage(kernel, scenario.Name, guest.Stage, notes) { NextKernelPath = guest.NextKernelImagePath };
            scenario.Bodies[guest.Stage - 1](stage);
        }
        catch (Exception error)
        {
            guest.Report(scenario.Name, GuestOutcome.Failed, $"In kernel {guest.Stage}: {error}");
            return false;
        }

        guest.Event($"{scenario.Name} took {Stopwatch.GetElapsedTime(started).TotalMilliseconds:N0} ms");
        if (guest.Stage < scenario.Bodies.Count)
        {
            return true;
        }

        guest.Report(scenario.Name, GuestOutcome.Passed);
        return false;
    }

    private static void WriteNotes(Kernel kernel, Dictionary<string, Dictionary<string, string>> alive)
    {
        var json = new JsonObject();
        foreach ((string scenario, Dictionary<string, string> notes) in alive)
        {
            json[scenario] = new JsonObject(notes.Select(static note => KeyValuePair.Create(note.Key, (JsonNode?)note.Value)));
        }

        byte[] bytes = Encoding.UTF8.GetBytes(json.ToJsonString());
        using LiveUpdateDevice device = LiveUpdateDevice.Open(kernel);
        LiveUpdateSession session = device.CreateSession(Session);
        using Memfd memfd = Memfd.Create(kernel, "contract-notes", bytes.Length);
        memfd.Write(0, bytes);
        session.Preserve(memfd, NotesToken);
        session.HoldUntilKexec();
    }

    private static Dictionary<string, Dictionary<string, string>> ReadNotes(Kernel kernel)
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(kernel);
        using LiveUpdateSession session = device.RetrieveSession(Session);
        using Memfd memfd = session.RetrieveMemfd(NotesToken);
        byte[] bytes = new byte[memfd.Size];
        memfd.Read(0, bytes);
        session.Finish();
        return JsonNode.Parse(bytes)!.AsObject().ToDictionary(
            static scenario => scenario.Key,
            static scenario =>
                scenario.Value!.AsObject().ToDictionary(static note => note.Key, static note => note.Value!.GetValue<string>()));
    }
}

using System.Text.Json.Nodes;
using LuoInterop.Cli.Output;
using LuoInterop.Emulation;
using LuoInterop.Kho;
using LuoInterop.Kho.Abi;
using LuoInterop.MemoryImages;

namespace LuoInterop.Cli.Decode;

/// <summary>Is <c>luoctl decode --boot</c>: an emulated kernel boots from an image, and says what it gives back.</summary>
internal static class BootCommand
{
    // What one process may hold of it: the emulated machine has a copy of all that was handed over.
    private const ulong MostBytes = 16UL << 30;

    /// <summary>Boots, retrieves every file of every session, and tells of each.</summary>
    /// <returns>The exit code: 0 where all comes back.</returns>
    /// <exception cref="CommandFailure">The image cannot boot: it has no handover, or lacks memory of it.</exception>
    public static int Run(DecodeReport report, CommandOutput output, CancellationToken cancellation)
    {
        if (report.Chosen is not { } found)
        {
            throw new CommandFailure("no handover in the image", null, ExitCode.Unknown);
        }

        if (found.Setup is not { } setup)
        {
            throw new CommandFailure(
                "no boot protocol in the image tells of this handover", "take the image after the jump, or with the next kernel loaded",
                ExitCode.Unknown);
        }

        if (report.PreservedBytes > MostBytes)
        {
            throw new CommandFailure(
                $"{TextOutput.Size(report.PreservedBytes)} are handed over, and {TextOutput.Size(MostBytes)} are the most that are "
                + "booted here");
        }

        string release = ReleaseFor(found.Handover);
        BootOutcome outcome;
        try
        {
            outcome = Boot(report, found, setup, release, cancellation);
        }
        catch (Exception error) when (error is KhoFormatException or ArgumentException or EmulatedKernelPanicException)
        {
            outcome = new BootOutcome(release, error.Message, []);
        }

        output.Write(outcome.WriteText, outcome.ToJson);
        return outcome.IsWhole ? ExitCode.Yes : ExitCode.No;
    }

    private static BootOutcome Boot(
        DecodeReport report, FoundHandover found, KhoSetupData setup, string release, CancellationToken cancellation)
    {
        const ulong Least = 256UL << 20;
        var options = new EmulatedMachineOptions { Release = release, MemorySize = Math.Max(report.Image.End, Least) };
        using var machine = new EmulatedMachine(options, report.Image, setup);
        EmulatedProcess kernel = machine.Boot();
        if (!LiveUpdateDevice.TryOpen(kernel, out LiveUpdateDevice? device, out LiveUpdateAvailability availability))
        {
            return new BootOutcome(release, availability.ToString(), []);
        }

        using (device)
        {
            var sessions = new List<BootedSession>();
            foreach (HandoverSession session in found.Handover.Sessions)
            {
                cancellation.ThrowIfCancellationRequested();
                sessions.Add(Retrieve(device, session));
            }

            return new BootOutcome(release, null, sessions);
        }
    }

    private static BootedSession Retrieve(LiveUpdateDevice device, HandoverSession record)
    {
        string name = Words.Text(record.Record.Name);
        try
        {
            using LiveUpdateSession session = device.RetrieveSession(name);
            BootedFile[] files = [.. record.Files.Select(file => Retrieve(session, file))];
            session.Finish();
            return new BootedSession(name, null, files);
        }
        catch (KernelException error)
        {
            return new BootedSession(name, error.Errno.ToString(), []);
        }
    }

    private static BootedFile Retrieve(LiveUpdateSession session, HandoverFile file)
    {
        try
        {
            using Memfd memfd = session.RetrieveMemfd(file.Record.Token);
            return new BootedFile(file.Record.Token, null, memfd.Size, MemfdChecksum.Sha256(memfd));
        }
        catch (KernelException error)
        {
            return new BootedFile(file.Record.Token, error.Errno.ToString(), null, null);
        }
    }

    // A kernel that takes what the formats say; of several, the newest.
    private static string ReleaseFor(Handover handover) => handover.Tree.Compatible switch
    {
        KhoRootFdt.KHO_FDT_COMPATIBLE => "7.3.4",
        KhoRootFdt.KHO_FDT_COMPATIBLE_V3 => "7.1.0",
        _ => handover.Luo is null ? "6.18.0" : handover.Luo.Flbs == 0 ? "6.19.0" : "7.0.0",
    };

    /// <summary>Is what an emulated kernel gave back.</summary>
    internal sealed record BootOutcome(string Release, string? Refusal, IReadOnlyList<BootedSession> Sessions)
    {
        public bool IsWhole => Refusal is null
            && Sessions.All(static session => session.Refusal is null && session.Files.All(static file => file.Refusal is null));

        public void WriteText(TextOutput text)
        {
            text.Field("kernel", $"Linux {Release}, emulated");
            if (Refusal is not null)
            {
                text.Field("refused", Refusal, Tone.Bad);
                return;
            }

            text.Field("gives back", $"{TextOutput.Count(Sessions.Count, "session")}, "
                + $"{TextOutput.Count(Sessions.Sum(static session => (long)session.Files.Count), "file")}", IsWhole ? Tone.Good : Tone.Bad);
            foreach (BootedSession session in Sessions)
            {
                text.Heading($"session {session.Name}{(session.Refusal is null ? "" : $": {session.Refusal}")}");
                if (session.Files.Count > 0)
                {
                    text.Table(
                        ["token>", "size>", "content"],
                        [.. session.Files.Select(static file => new[]
                        {
                            $"{file.Token}", file.Size is { } size ? TextOutput.Size((ulong)size) : "", file.Refusal ?? file.Checksum!,
                        })],
                        2);
                }
            }
        }

        public JsonObject ToJson() => new()
        {
            ["schema"] = 1,
            ["release"] = Release,
            ["refusal"] = Refusal,
            ["sessions"] = new JsonArray([.. Sessions.Select(static session => (JsonNode)new JsonObject
            {
                ["name"] = session.Name,
                ["refusal"] = session.Refusal,
                ["files"] = new JsonArray([.. session.Files.Select(static file => (JsonNode)new JsonObject
                {
                    ["token"] = file.Token,
                    ["refusal"] = file.Refusal,
                    ["size"] = file.Size,
                    ["checksum"] = file.Checksum,
                })]),
            })]),
        };
    }

    internal sealed record BootedSession(string Name, string? Refusal, IReadOnlyList<BootedFile> Files);

    internal sealed record BootedFile(ulong Token, string? Refusal, long? Size, string? Checksum);
}

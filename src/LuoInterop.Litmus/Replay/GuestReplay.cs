using System.Text;
using System.Text.Json.Nodes;
using LuoInterop.Litmus.Replay;
using LuoInterop.VmTesting;

namespace LuoInterop.Litmus;

/// <summary>Replays the scripts of a <see cref="VmReplay"/> inside its VM.</summary>
public static class GuestReplay
{
    /// <summary>Is the word on the payload's command line with which <see cref="VmReplay"/> calls for <see cref="Run"/>.</summary>
    public const string Word = "litmus-guest";

    /// <summary>Is the word on a kernel's command line behind which a script's own line stands, as it is.</summary>
    internal const string LineFollows = "litmus.line";

    /// <summary>Performs the lines of all scripts that belong to the kernel that runs,
    /// and starts the next kernel when any script goes on.</summary>
    /// <returns>0 after the last kernel.</returns>
    public static int Run()
    {
        using Guest guest = Guest.Open();
        IReadOnlyList<LitmusScript> scripts = ScriptBundle.Read(File.ReadAllText($"{Guest.FilesFolder}/{ScriptBundle.FileName}"));
        using var stage = new StageRun(scripts, guest.Stage, report => Send(guest, report));
        if (stage.Run() is not { } kexec)
        {
            return 0;
        }

        string refusal = ScriptRun.Kexec(Kernel.Linux, kexec, guest.NextKernelImagePath, Guest.InitrdPath, CommandLine(guest, kexec));
        throw new InvalidOperationException($"The kexec was refused: {refusal}.");
    }

    private static void Send(Guest guest, JsonArray report)
    {
        using var content = new MemoryStream(Encoding.UTF8.GetBytes(report.ToJsonString()));
        guest.SendFile(ScriptBundle.FileName, content);
        Guest.Flush();
    }

    // The harness's own words without those that decide about live update, then the mark, then the script's line: what it
    // does with quotes and dashes reaches nothing of the harness's.
    private static string CommandLine(Guest guest, LitmusLine kexec)
    {
        string[] words = guest.NextCommandLine.Split(' ');
        IEnumerable<string> own = words[..^1]
            .TakeWhile(static word => word != LineFollows)
            .Where(static word =>
                !word.StartsWith("kho", StringComparison.Ordinal) && !word.StartsWith("liveupdate", StringComparison.Ordinal));
        return string.Join(' ', [.. own, words[^1], LineFollows, kexec.Operation.CommandLine ?? EmulatedReplay.CommandLine]);
    }
}

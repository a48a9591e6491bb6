using LuoInterop.Cli.Output;
using LuoInterop.Emulation;

namespace LuoInterop.Cli.ByHand;

/// <summary>Plays files through a whole live update on the emulated kernel, and compares what comes back.</summary>
internal static class DryRun
{
    private const string CommandLine = "kho=on liveupdate=on";

    /// <exception cref="CommandFailure">Something came back otherwise.</exception>
    public static IReadOnlyList<PackedFile> Play(string name, IReadOnlyList<string> sources, CancellationToken cancellation)
    {
        string folder = Directory.CreateTempSubdirectory("luoctl-").FullName;
        try
        {
            using var machine = new EmulatedMachine(new EmulatedMachineOptions { CommandLine = CommandLine });
            EmulatedProcess kernel = machine.Boot();
            (LiveUpdateSession session, IReadOnlyList<PackedFile> before) = FileSession.Preserve(kernel, name, sources, cancellation);
            using (session)
            {
                Jump(kernel, session, Path.Combine(folder, "image"));
            }

            using LiveUpdateSession retrieved = RetrieveCommand.Take(machine.Boot(), name);
            IReadOnlyList<PackedFile> after =
                FileSession.Unpack(retrieved, Directory.CreateDirectory(Path.Combine(folder, "back")).FullName, cancellation);
            retrieved.Finish();
            return before.SequenceEqual(after) ? after : throw new CommandFailure("what came back is not what was preserved", null,
                ExitCode.No);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Jump(EmulatedProcess kernel, LiveUpdateSession session, string image)
    {
        EmulatedKernelImage.Write(image);

        try
        {
            KexecImage next = KexecImage.Load(kernel, image, null, CommandLine);
            session.HoldUntilKexec();
            next.Reboot();
        }
        catch (EmulatedKexecException)
        {
            // The kernel obeyed.
        }
    }
}

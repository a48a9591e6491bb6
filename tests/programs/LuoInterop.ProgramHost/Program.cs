using System.Globalization;
using LuoInterop.Emulation.Server;
using LuoInterop.ProgramHost;

// Follows a program on a machine of its own, as one process that a test may end:
// LuoInterop.ProgramHost FOLDER [--everything] [--die-at N] -- PROGRAM [ARGUMENT...]
int end = Array.IndexOf(args, "--");
int death = Array.IndexOf(args, "--die-at", 0, end);
using DyingWriter? trace = death < 0 ? null : new DyingWriter(int.Parse(args[death + 1], CultureInfo.InvariantCulture));
var options = new ProgramMachineOptions
{
    Folder = args[0],
    TrapsEverything = Array.IndexOf(args, "--everything", 0, end) >= 0,
    Trace = trace,
};
try
{
    await using var machine = new ProgramMachine(options);
    return (await machine.FollowAsync(new ProgramStart(args[(end + 1)..]))).ExitCode;
}
catch (ProgramMachineException error)
{
    Console.Error.WriteLine(error.Message);
    return 125;
}

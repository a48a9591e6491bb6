using System.CommandLine;
using System.Globalization;
using LuoInterop.Hunt;
using LuoInterop.Litmus;
using LuoInterop.VmTesting;

if (args is [GuestReplay.Word])
{
    return GuestReplay.Run();
}

if (args is [ProgramReplay.Word, .. var stage])
{
    return ProgramReplay.RunStage(stage);
}

var count = new Option<int>("--count") { Description = "How many scripts.", DefaultValueFactory = static _ => 1000 };
var seed = new Option<ulong?>(
    "--seed") { Description = "The seed of the first thousand; a fresh one by default. The next thousands have the next seeds." };
var lines = new Option<bool>(
    "--command-lines") { Description = "Hunt in how kernels read their command lines: --count says how many lines." };
var print = new Option<bool>("--print") { Description = "Print the scripts instead of running them." };
var process = new Option<bool>(
    "--process") { Description = "Use the emulated kernel by a process of its own, whose system calls are trapped." };
var keep = new Option<string?>("--keep") { Description = "The folder in which scripts that show a difference are kept." };
var root = new RootCommand(
    "Hunts differences between the emulated kernel and Linux: generates litmus scripts, runs them on both, shrinks "
    + "what differs.") { count, seed, lines, process, print, keep };
root.SetAction(async (arguments, cancellation) =>
{
    ulong first = arguments.GetValue(seed) ?? (ulong)Random.Shared.Next();
    try
    {
        var command = new HuntCommand(first, arguments.GetValue(count), arguments.GetValue(lines), arguments.GetValue(process),
            arguments.GetValue(keep));
        return arguments.GetValue(print) ? command.Print() : await command.RunAsync(cancellation);
    }
    catch (OperationCanceledException)
    {
        Console.Error.WriteLine("hunt: interrupted; nothing is left running.");
        return 130;
    }
    catch (VmSetupException error)
    {
        Console.Error.WriteLine($"hunt: {error.Message}");
        return 2;
    }
});
return await root.Parse(args).InvokeAsync();

using System.CommandLine;
using MiniVmm.Commands;
using MiniVmm.Update;

// What a shell reports of a program that was called with words it does not know.
const int WrongWords = 2;

UpdateClock.EnterMain();
var root = new RootCommand("Runs virtual machines whose guests go on while the kernel under them is replaced.")
{
    RunCommand.Create(),
    UpdateCommand.Create(),
    ResumeCommand.Create(),
    ConsoleCommand.Create(),
    TakeOverCommand.Create(),
    InVmCommand.Create(),
    DemoCommand.Create(),
};
foreach (Command command in VmCommands.Create())
{
    root.Add(command);
}

// A file may be named @FILE. Those two commands leave signals to the parser; the others take them themselves.
ParseResult words = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
var invocation = new InvocationConfiguration();
if (args is not ["demo" or "in-vm", ..])
{
    invocation.ProcessTerminationTimeout = null;
}

int code = await words.InvokeAsync(invocation);
return words.Errors.Count > 0 ? WrongWords : code;

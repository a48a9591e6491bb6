using System.CommandLine;
using MiniVmm.Commands;
using MiniVmm.Demo;
using MiniVmm.Update;

// What a shell reports of a program that was called with words it does not know.
const int WrongWords = 2;

UpdateClock.EnterMain();

// A guest waits for this one: nothing is parsed that need not be.
if (args is [DemoInside.Word, ..])
{
    return DemoInside.Run(args);
}

if (ResumeWords.TryRead(args) is { } resume)
{
    return ResumeCommand.Run(resume);
}

var root = new RootCommand("Runs virtual machines whose guests go on while the kernel under them is replaced.");

AddAll(root);

// A file may be named @FILE. The demo leaves signals to the parser; the others take them themselves.
ParseResult words = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
var invocation = new InvocationConfiguration();
if (args is not ["demo", ..])
{
    invocation.ProcessTerminationTimeout = null;
}

int code = await words.InvokeAsync(invocation);
return words.Errors.Count > 0 ? WrongWords : code;

static void AddAll(RootCommand root)
{
    root.Add(RunCommand.Create());
    root.Add(UpdateCommand.Create());
    root.Add(ResumeCommand.Create());
    root.Add(ConsoleCommand.Create());
    root.Add(TakeOverCommand.Create());
    root.Add(DemoCommand.Create());
    foreach (Command command in VmCommands.Create())
    {
        root.Add(command);
    }
}

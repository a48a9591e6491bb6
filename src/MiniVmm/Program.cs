using System.CommandLine;
using MiniVmm.Commands;
using MiniVmm.Update;

UpdateClock.EnterMain();
var root = new RootCommand("Runs virtual machines whose guests go on while the kernel under them is replaced.")
{
    RunCommand.Create(),
    InVmCommand.Create(),
    DemoCommand.Create(),
};
return await root.Parse(args).InvokeAsync();

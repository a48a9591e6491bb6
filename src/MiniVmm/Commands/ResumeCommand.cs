using System.CommandLine;
using LuoInterop;
using LuoInterop.Kvm;
using MiniVmm.Control;

namespace MiniVmm.Commands;

/// <summary>Resumes the guests that the kernel before has handed over, and goes on as <c>run</c> does.</summary>
internal static class ResumeCommand
{
    public static Command Create()
    {
        Option<string[]> names = VmOption.Names("A VM to resume; may be given several times.");
        var all = new Option<bool>("--all") { Description = "Resumes all that went through the update." };
        var retry = new Option<bool>("--retry") { Description = "Lets the process that holds the guest's memory try again." };
        var clock = new Option<KvmClockGap>("--clock")
        {
            Description = "Whether the guest's clock advances by the time that it stood still, or hides it.",
            DefaultValueFactory = static _ => KvmClockGap.Advance,
        };
        Option<ConsoleKind> console = VmOption.Console();
        Option<string?> nextKernel = VmOption.NextKernel();
        Option<string?> folder = VmOption.RunFolder();
        var command = new Command("resume", "Resumes guests that the kernel before has handed over.")
        {
            names, all, retry, clock, console, nextKernel, folder,
        };
        command.Validators.Add(result =>
        {
            bool isNamed = result.GetValue(names) is { Length: > 0 };
            if (isNamed == result.GetValue(all) || (result.GetValue(all) && result.GetValue(retry)))
            {
                result.AddError("Name the VMs by --name, or say --all; --retry needs --name.");
            }
        });
        command.SetAction((arguments, _) =>
        {
            RunFolder run = RunFolder.Choose(arguments.GetValue(folder));
            if (arguments.GetValue(retry))
            {
                return VmCommands.AskAllAsync(run, arguments.GetValue(names)!, ControlWord.Retry, "runs");
            }

            var settings = new HostSettings(Kernel.Linux, run, arguments.GetValue(console), arguments.GetValue(nextKernel));
            return Task.FromResult(Messages.Guard(
                () => ResumeRun.Run(settings, arguments.GetValue(names)!, arguments.GetValue(clock), Messages.Say)));
        });
        return command;
    }
}

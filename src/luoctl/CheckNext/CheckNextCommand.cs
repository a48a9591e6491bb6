using System.CommandLine;
using LuoInterop.Cli.Output;
using LuoInterop.KernelImages;

namespace LuoInterop.Cli.CheckNext;

/// <summary>Is <c>luoctl check-next</c>: says what a live update into a kernel image would carry, and what it would lose.</summary>
internal static class CheckNextCommand
{
    public static Command Create()
    {
        var image = new Argument<string>("image") { Description = "The next kernel: bzImage, vmlinux, arm64 Image, EFI zboot or UKI." };
        var config = new Option<string>("--config")
        {
            Description = "Its configuration (.config, config.gz), where the image has none and none lies beside it.",
            HelpName = "file",
        };
        var line = new Option<string>("--cmdline")
        {
            Description = "Its command line; without this that of a UKI, or else the one that the running kernel would pass on.",
            HelpName = "text",
        };
        var from = new Option<string>("--from")
        {
            Description = "Judge a jump from the kernel of this image instead of from the kernel that runs.", HelpName = "image",
        };
        var profile = new Option<int>("--profile")
        {
            Description = "The profile of a UKI to look at, counted from 0.", HelpName = "number",
        };
        Option<bool> json = CommandTree.Json();
        var command = new Command(
            "check-next",
            "Says whether a kernel image would take what is handed over, component by component, and what it would lose.")
        {
            image, config, line, from, profile, json,
        };
        command.SetAction(arguments => CommandRun.Run(arguments.GetValue(json), output =>
        {
            CheckedKernel report = CheckedKernel.Read(
                arguments.GetValue(image)!,
                arguments.GetValue(config),
                arguments.GetValue(line),
                arguments.GetValue(from),
                arguments.GetValue(profile));
            output.Write(text => CheckNextOutput.WriteText(text, report), () => CheckNextOutput.ToJson(report));
            return report.Prediction switch
            {
                { HasLoss: true } => ExitCode.No,
                { Worst: Consequence.Unknown } => ExitCode.Unknown,
                _ => ExitCode.Yes,
            };
        }));
        return command;
    }
}

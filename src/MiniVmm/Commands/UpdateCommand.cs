using System.CommandLine;
using MiniVmm.Control;

namespace MiniVmm.Commands;

/// <summary>Replaces the kernel under all VMs.</summary>
internal static class UpdateCommand
{
    public static Command Create()
    {
        var image = new Argument<string?>("image")
        {
            Description = "The next kernel, a bzImage; else the one that is loaded.", Arity = ArgumentArity.ZeroOrOne,
        };
        var initrd = new Option<string[]>("--initrd")
        {
            Description = "Its initial RAM disk; may be given several times.", DefaultValueFactory = static _ => [],
        };
        var commandLine = new Option<string?>("--cmdline") { Description = "Its command line; else that of this kernel." };
        Option<string[]> names = VmOption.Names("A VM to carry over; may be given several times. All that run by default.");
        var lose = new Option<bool>("--lose-others") { Description = "Lets VMs be lost that --name does not name." };
        var before = new Option<string?>("--before-jump")
        {
            Description = "A command of the shell for the moment in which all guests stand still, such as sync.",
        };
        Option<string?> folder = VmOption.RunFolder();
        var command = new Command("update", "Replaces the kernel under all VMs, which go on in the next one: minivmm resume --all.")
        {
            image, initrd, commandLine, names, lose, before, folder,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(image) is null && (result.GetValue(initrd) is { Length: > 0 } || result.GetValue(commandLine) is not null))
            {
                result.AddError("--initrd and --cmdline belong to an image, and none is named.");
            }
        });
        command.SetAction((arguments, _) => Messages.GuardAsync(async cancellation =>
        {
            var options = new UpdateOptions
            {
                Names = arguments.GetValue(names)!,
                LosesOthers = arguments.GetValue(lose),
                Image = Absolute(arguments.GetValue(image)),
                Initrds = [.. arguments.GetValue(initrd)!.Select(Path.GetFullPath)],
                CommandLine = arguments.GetValue(commandLine),
                BeforeJump = arguments.GetValue(before),
            };
            await new UpdateCoordinator(RunFolder.Choose(arguments.GetValue(folder)), Messages.Say).RunAsync(options, cancellation);
            return VmHost.Ok;
        }));
        return command;
    }

    // The VM that loads the kernel may have another working folder.
    private static string? Absolute(string? path) => path is null ? null : Path.GetFullPath(path);
}

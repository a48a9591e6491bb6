using System.CommandLine;
using System.Globalization;
using LuoInterop.Cli.Output;
using LuoInterop.MemoryImages;

namespace LuoInterop.Cli.Decode;

/// <summary>Is <c>luoctl decode</c>: shows, or rescues, what a kernel handed over, out of an image of its memory.</summary>
internal static class DecodeCommand
{
    public static Command Create()
    {
        var memory = new Argument<string>("MEMORY")
        {
            Description = "The image: raw, ELF core, kdump-compressed, or flattened (/proc/vmcore, makedumpfile, dump-guest-memory).",
        };
        var root = new Option<string?>("--root-tree")
        {
            Description = "The physical address of the root tree, instead of a search.", HelpName = "ADDRESS",
        };
        var extract = new Option<string?>("--extract")
        {
            Description = "Write a memory file's content: its session, and its name in the catalogue or its token.",
            HelpName = "SESSION/NAME",
        };
        var output = new Option<string?>("--output", "-o") { Description = "The file to write to; it must not exist.", HelpName = "FILE" };
        var partial = new Option<bool>("--partial")
        {
            Description = "With --extract, write also what is not whole: what the image lacks reads as zeros.",
        };
        var boot = new Option<bool>("--boot") { Description = "Let an emulated kernel boot from the image, and list what it gives back." };
        Option<bool> json = CommandTree.Json();
        var command = new Command(
            "decode",
            "Shows what a kernel handed over, out of an image of the machine's memory; exits with 0 if all could be decoded, with 1 if "
            + "some could not, with 3 if nothing was found.") { memory, root, extract, output, partial, boot, json };
        command.Validators.Add(result =>
        {
            if (result.GetValue(root) is { } text && !TryAddress(text, out _))
            {
                result.AddError($"'{text}' is no address; give it as 0x10203000.");
            }

            if (result.GetValue(extract) is null != result.GetValue(output) is null)
            {
                result.AddError("--extract SESSION/NAME and -o FILE belong together.");
            }

            if (result.GetValue(boot) && result.GetValue(extract) is not null)
            {
                result.AddError("--boot and --extract do not go together.");
            }
        });
        command.SetAction((arguments, _) => CommandRun.RunAsync(
            arguments.GetValue(json),
            (result, cancellation) => Task.Run(
                () =>
                {
                    ulong? address = arguments.GetValue(root) is { } text && TryAddress(text, out ulong parsed) ? parsed : null;
                    string path = arguments.GetValue(memory)!;
                    using MemoryImage image = Open(path);
                    DecodeReport report = DecodeReport.Read(path, image, address, cancellation);
                    return arguments.GetValue(extract) is { } what
                        ? Extraction.Run(report, what, arguments.GetValue(output)!, arguments.GetValue(partial), result, cancellation)
                        : arguments.GetValue(boot) ? BootCommand.Run(report, result, cancellation)
                        : Show(report, result);
                },
                cancellation)));
        return command;
    }

    private static int Show(DecodeReport report, CommandOutput result)
    {
        result.Write(text => new DecodeText(report, text).Write(), () => DecodeJson.Of(report));
        return report.ExitCode;
    }

    private static MemoryImage Open(string path)
    {
        try
        {
            return MemoryImage.Open(path);
        }
        catch (MemoryImageException error)
        {
            throw new CommandFailure($"{path}: {error.Message.TrimEnd('.')}");
        }
    }

    private static bool TryAddress(string text, out ulong address) => text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
        ? ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out address)
        : ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out address);
}

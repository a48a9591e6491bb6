using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using LuoInterop.Cli.Output;
using LuoInterop.Emulation;

namespace LuoInterop.Cli.Emulate;

/// <summary>Is <c>luoctl emulate</c>: plays what Linux does not have yet through on the emulated kernel.</summary>
internal static class EmulateCommand
{
    private const long Smallest = 256L << 20;
    private const long Largest = 64L << 40;

    public static Command Create()
    {
        var command = new Command(
            "emulate",
            "Runs a program of any language on an emulated kernel with live update, through every kexec: luoctl emulate -- PROGRAM.")
        {
            HugeTlb(),
        };
        EmulateProgram.AddTo(command);
        return command;
    }

    private static Command HugeTlb()
    {
        Option<long?> memory = Bytes("--host-memory", "The machine's memory, 256M to 64T; it costs none of this host's. [default: 100G]");
        Option<long?> size = Bytes("--page-size", "The size of a huge page: 2M or 1G. [default: 1G]");
        var pages = new Option<int>(
            "--pages") { Description = "The huge pages that both kernels are told to have.", DefaultValueFactory = static _ => 90 };
        var preserved = new Option<int>(
            "--preserved") { Description = "The huge pages of the preserved memory file.", DefaultValueFactory = static _ => 5 };
        var fix = new Option<string>("--fix") { Description = "What keeps the next kernel from allocating too many: 'none', "
            + "'freeze-pool' or 'count'. All three without it." };
        fix.AcceptOnlyFromAmong([.. HugeTlbSetting.Fixes.Keys]);
        var scratchOnly = new Option<bool>(
            "--scratch-only") { Description = "Let KHO's scratch-only mode last until gigantic pages are allocated, as before Linux 7.3." };
        Option<bool> json = CommandTree.Json();
        var command = new Command(
            "hugetlb",
            "Counts huge pages across a kexec that carries a file of them, with and without the proposed fixes (docs/hugetlb.md).")
        {
            memory, pages, size, preserved, fix, scratchOnly, json,
        };
        command.SetAction(arguments => Run(
            new HugeTlbSetting(
                arguments.GetValue(memory) ?? (100L << 30),
                arguments.GetValue(size) ?? (1L << 30),
                arguments.GetValue(pages),
                arguments.GetValue(preserved),
                arguments.GetValue(scratchOnly)),
            arguments.GetValue(fix),
            arguments.GetValue(json)));
        return command;
    }

    private static int Run(HugeTlbSetting setting, string? fix, bool json) => CommandRun.Run(json, output =>
    {
        if (Refuse(setting) is { } refusal)
        {
            throw new CommandFailure(refusal);
        }

        try
        {
            IReadOnlyList<HugeTlbOutcome> outcomes =
                [.. HugeTlbSetting.Fixes.Keys.Where(name => fix is null || name == fix).Select(name => HugeTlbRun.Play(setting, name))];
            output.Write(_ => HugeTlbOutput.WriteTable(output.Writer, setting, outcomes), () => HugeTlbOutput.ToJson(setting, outcomes));
            return ExitCode.Yes;
        }
        catch (EmulatedKernelPanicException error)
        {
            throw new CommandFailure(error.Message.TrimEnd('.'));
        }
    });

    private static string? Refuse(HugeTlbSetting setting) =>
        setting.HostMemory is < Smallest or > Largest ? "--host-memory is 256M to 64T."
        : setting.PageSize is not (2L << 20 or 1L << 30) ? "--page-size is 2M or 1G."
        : setting.Pages < 0 || setting.Preserved < 0 ? "--pages and --preserved are not negative."
        : setting.Preserved > setting.Pages
            ? $"--preserved {setting.Preserved} pages are more than the {setting.Pages} that --pages gives the pool."
        : null;

    // Without a default factory: help would show it in bytes.
    private static Option<long?> Bytes(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "size",
        CustomParser = Parse,
    };

    private static long? Parse(ArgumentResult result)
    {
        string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        int shift = text.Length == 0 ? -1 : "KMGT".IndexOf(char.ToUpperInvariant(text[^1]), StringComparison.Ordinal);
        string digits = shift < 0 ? text : text[..^1];
        if (long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            && number <= Largest >> (10 * (shift + 1)))
        {
            return number << (10 * (shift + 1));
        }

        result.AddError($"'{text}' is not a number of bytes, as in 100G, of at most 64T.");
        return null;
    }
}

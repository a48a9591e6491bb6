using System.Globalization;
using System.Text.RegularExpressions;
using LuoInterop.Interop;
using LuoInterop.Litmus.Language;
using Tmds.Linux;

namespace LuoInterop.Litmus.Operations;

/// <summary>Observes and changes what a file is, beside its content.</summary>
internal static partial class StatusVerbs
{
    private const uint PermissionMask = 0xfff;

    private static readonly Dictionary<uint, string> Types = new()
    {
        [0x1000] = "fifo",
        [0x2000] = "chr",
        [0x4000] = "dir",
        [0x8000] = "reg",
        [0xc000] = "sock",
        [0] = "anon",
    };

    public static IReadOnlyList<Verb> All { get; } =
    [
        new(
            "stat",
            "stat FILE",
            "Observes type, mode, links, size, blocks of 512 bytes, and whether user and group are those of the process.",
            static arguments =>
            {
                string file = arguments.Descriptor();
                return new((process, _) =>
                {
                    if (process.Find(file) is not { } handle)
                    {
                        return LitmusProcess.Unset;
                    }

                    int error = process.Kernel.FStat(handle, out FileStatus status);
                    return error < 0 ? LitmusProcess.Describe(error) : Describe(status);
                });
            }),
        new(
            "link",
            "link FILE",
            "Observes the text of the link in /proc/self/fd, with inode numbers and the script's folder left out.",
            static arguments =>
            {
                string file = arguments.Descriptor();
                return new((process, _) =>
                {
                    if (process.Find(file) is not { } handle)
                    {
                        return LitmusProcess.Unset;
                    }

                    int error = process.Kernel.ReadLink(handle, out string text);
                    return error < 0 ? LitmusProcess.Describe(error) : Describe(process, text);
                });
            }),
        new(
            "seals",
            "seals FILE",
            "Observes the seals (F_GET_SEALS).",
            static arguments => Fcntl(arguments, FcntlHeader.F_GET_SEALS, Flags.Seals)),
        new(
            "add_seals",
            "add_seals FILE SEAL|SHRINK|GROW|WRITE|FUTURE_WRITE|EXEC",
            "Adds seals (F_ADD_SEALS).",
            static arguments =>
            {
                string file = arguments.Descriptor();
                long seals = arguments.Flags("the seals", Flags.Seals);
                return new((process, _) => process.On(file, handle => process.Kernel.Fcntl(handle, FcntlHeader.F_ADD_SEALS, (nint)seals)));
            }),
        new(
            "chmod",
            "chmod FILE MODE",
            "Sets the mode bits (fchmod); MODE is a number, as in 0x1ff for 0777.",
            static arguments =>
            {
                string file = arguments.Descriptor();
                long mode = arguments.Number("the mode");
                return new((process, _) => process.On(file, handle => process.Kernel.FChmod(handle, (uint)mode)));
            }),
        new(
            "getfl",
            "getfl FILE",
            "Observes the access mode and status flags (F_GETFL).",
            static arguments => Fcntl(arguments, FcntlHeader.F_GETFL, Flags.Open)),
        new(
            "setfl",
            "setfl FILE APPEND|NONBLOCK|...",
            "Sets the status flags (F_SETFL).",
            static arguments =>
            {
                string file = arguments.Descriptor();
                long flags = arguments.Flags("the flags", Flags.Open);
                return new((process, _) => process.On(file, handle => process.Kernel.Fcntl(handle, FcntlHeader.F_SETFL, (nint)flags)));
            }),
        new(
            "getfd",
            "getfd FILE",
            "Observes the descriptor's flags (F_GETFD): 1 is close-on-exec.",
            static arguments => Fcntl(arguments, FcntlHeader.F_GETFD, null)),
    ];

    private static LitmusOperation Fcntl(Arguments arguments, int command, Dictionary<string, long>? names)
    {
        string file = arguments.Descriptor();
        return new((process, _) =>
        {
            if (process.Find(file) is not { } handle)
            {
                return LitmusProcess.Unset;
            }

            int result = process.Kernel.Fcntl(handle, command);
            return result < 0 || names is null ? LitmusProcess.Describe(result)
                : result == 0 ? "0"
                : Flags.Describe(result, names);
        });
    }

    private static string Describe(FileStatus status)
    {
        string type = Types.GetValueOrDefault(status.Mode & (ushort)LibC.S_IFMT, "other");
        string mode = Convert.ToString(status.Mode & PermissionMask, 8).PadLeft(4, '0');
        string user = status.UserId == LibC.geteuid() ? "self" : "other";
        string group = status.GroupId == LibC.getegid() ? "self" : "other";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{type} {mode} nlink={status.Links} size={status.Size} blocks={status.Blocks} uid={user} gid={group}");
    }

    private static string Describe(LitmusProcess process, string text)
    {
        string folder = text.Contains("/luo-litmus-", StringComparison.Ordinal) ? process.Folder : "";
        text = folder.Length > 0 ? text.Replace(folder, "FOLDER", StringComparison.Ordinal) : text;
        text = text.Replace(process.Prefix, "", StringComparison.Ordinal);
        text = InodeInBrackets().Replace(text, ":[N]");
        text = InodeOfTmpFile().Replace(text, "/#N ");
        return text.Replace($"/proc/{Environment.ProcessId}/", "/proc/self/", StringComparison.Ordinal).ReplaceLineEndings("\\n");
    }

    [GeneratedRegex(@":\[\d+\]")]
    private static partial Regex InodeInBrackets();

    [GeneratedRegex(@"/#\d+ ")]
    private static partial Regex InodeOfTmpFile();
}

using System.Globalization;
using System.Runtime.InteropServices;
using LuoInterop.Interop;
using LuoInterop.Litmus.Language;
using Tmds.Linux;

namespace LuoInterop.Litmus.Operations;

/// <summary>Duplicates, opens again and closes descriptors.</summary>
internal static class DescriptorVerbs
{
    public static IReadOnlyList<Verb> All { get; } =
    [
        new(
            "dup",
            "NAME = dup FILE",
            "Makes another descriptor of the same open file description (F_DUPFD_CLOEXEC).",
            static arguments =>
            {
                string file = arguments.Descriptor();
                return new((process, target) => process.Find(file) is { } handle
                    ? process.Assign(target, process.Kernel.Fcntl(handle, FcntlHeader.F_DUPFD_CLOEXEC))
                    : LitmusProcess.Unset);
            }),
        new(
            "reopen",
            "NAME = reopen FILE [flags=RDWR|...]",
            "Opens the file behind a descriptor once more, through /proc/self/fd: a new open file description.",
            static arguments =>
            {
                string file = arguments.Descriptor();
                long flags = arguments.OptionalFlags("flags", Flags.Open) ?? LibC.O_RDWR;
                return new((process, target) => process.Find(file) is { } handle
                    ? process.Assign(target, process.Kernel.Open(Path(handle), (int)flags | LibC.O_CLOEXEC))
                    : LitmusProcess.Unset);
            }),
        new(
            "close",
            "close FILE",
            "Closes a descriptor.",
            static arguments =>
            {
                string file = arguments.Descriptor();
                return new((process, _) => process.Close(file));
            }),
    ];

    private static string Path(SafeHandle handle) =>
        string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{handle.DangerousGetHandle()}");
}

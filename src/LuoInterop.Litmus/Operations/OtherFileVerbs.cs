using LuoInterop.Interop;
using LuoInterop.Litmus.Language;
using Tmds.Linux;

namespace LuoInterop.Litmus.Operations;

/// <summary>Makes files of all kinds, those that can be preserved and those that cannot.</summary>
internal static unsafe class OtherFileVerbs
{
    private const string TmpFs = "/dev/shm";

    public static IReadOnlyList<Verb> All { get; } =
    [
        new(
            "memfd",
            "NAME = memfd [size=N] [flags=CLOEXEC|ALLOW_SEALING|NOEXEC_SEAL|EXEC|HUGETLB] [name=\"name\"]",
            "Makes a memfd with memfd_create(2), and sets its size.",
            static arguments =>
            {
                long size = arguments.OptionalNumber("size") ?? 0;
                long flags = arguments.OptionalFlags("flags", Flags.Memfd) ?? LibC.MFD_CLOEXEC;
                string name = arguments.OptionalText("name") ?? "litmus";
                return new((process, target) =>
                {
                    int fd = process.Kernel.MemfdCreate(name, unchecked((uint)flags));
                    string result = process.Assign(target, fd);
                    return fd < 0 || size == 0 ? result : process.On(target!, handle => process.Kernel.FTruncate(handle, size));
                });
            }),
        new(
            "tmpfile",
            "NAME = tmpfile [flags=RDWR|...]",
            "Makes a file without a name on tmpfs (O_TMPFILE).",
            static arguments =>
            {
                long flags = arguments.OptionalFlags("flags", Flags.Open) ?? LibC.O_RDWR;
                return new((process, target) =>
                    process.Assign(target, process.Kernel.Open(TmpFs, (int)flags | LibC.O_TMPFILE | LibC.O_CLOEXEC, 0x180)));
            }),
        new(
            "file",
            "NAME = file WORD [flags=RDWR|CREAT|...]",
            "Opens a file with a name in a folder of the script's own on tmpfs; read and write, created, unless flags say otherwise.",
            static arguments =>
            {
                string word = arguments.CheckName(arguments.Word("the file's name"));
                long flags = arguments.OptionalFlags("flags", Flags.Open) ?? LibC.O_RDWR | LibC.O_CREAT;
                return new((process, target) =>
                    process.Assign(target, process.Kernel.Open($"{process.Folder}/{word}", (int)flags | LibC.O_CLOEXEC, 0x180)));
            }),
        new(
            "unlink",
            "unlink WORD",
            "Removes the name of a file that `file` made.",
            static arguments =>
            {
                string word = arguments.CheckName(arguments.Word("the file's name"));
                return new((process, _) => LitmusProcess.Describe(Unlink($"{process.Folder}/{word}")));
            }),
        new(
            "other",
            "NAME = other pipe|pipe_write|null|zero|eventfd|socket|secret|directory|proc",
            "Makes a descriptor of something that is no memory file: an end of a pipe, /dev/null, /dev/zero, an eventfd, a socket, "
            + "a memfd_secret(2), the script's own folder on tmpfs, a file of procfs.",
            static arguments =>
            {
                string kind = arguments.Word("the kind");
                Func<LitmusProcess, long> open = kind switch
                {
                    "pipe" => static _ => Pipe(0),
                    "pipe_write" => static _ => Pipe(1),
                    "null" => static process => process.Kernel.Open("/dev/null", LibC.O_RDWR | LibC.O_CLOEXEC),
                    "zero" => static process => process.Kernel.Open("/dev/zero", LibC.O_RDWR | LibC.O_CLOEXEC),
                    "eventfd" => static _ => SystemCall.Result(LibC.eventfd(0, LibC.O_CLOEXEC | LibC.O_NONBLOCK)),
                    "socket" => static _ => SystemCall.Result(LibC.socket(LibC.AF_UNIX, LibC.SOCK_STREAM | LibC.O_CLOEXEC, 0)),
                    "secret" => static _ => SystemCall.Result((ssize_t)LibC.syscall(UnistdHeader.NR_memfd_secret, LibC.O_CLOEXEC)),
                    "directory" => static process => process.Kernel.Open(process.Folder, LibC.O_DIRECTORY | LibC.O_CLOEXEC),
                    "proc" => static process => process.Kernel.Open("/proc/self/status", LibC.O_CLOEXEC),
                    _ => throw arguments.Wrong($"'{kind}' is no kind."),
                };
                return new((process, target) => process.Assign(target, open(process)));
            }),
    ];

    private static int Unlink(string path)
    {
        using var text = new CString(path, stackalloc byte[CString.OnStack]);
        return SystemCall.Result(LibC.unlink(text.Pointer));
    }

    private static long Pipe(int end)
    {
        // SAFETY: pipe2 fills two numbers.
        int* ends = stackalloc int[2];
        long result = SystemCall.Result(LibC.pipe2(ends, LibC.O_CLOEXEC | LibC.O_NONBLOCK));
        if (result == 0)
        {
            Kernel.Linux.Close(ends[1 - end]);
            result = ends[end];
        }

        return result;
    }
}

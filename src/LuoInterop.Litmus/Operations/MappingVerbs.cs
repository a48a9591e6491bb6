using System.Runtime.InteropServices;
using LuoInterop.Interop;
using LuoInterop.Litmus.Language;
using Tmds.Linux;

namespace LuoInterop.Litmus.Operations;

/// <summary>Maps files, and stores and loads through mappings.</summary>
internal static unsafe class MappingVerbs
{
    private const long PageMask = 4095;

    public static IReadOnlyList<Verb> All { get; } =
    [
        new(
            "map",
            "map FILE LENGTH [prot=READ|WRITE] [private]",
            "Maps the file's first bytes, and keeps the mapping until `unmap` or the end of the process.",
            static arguments =>
            {
                string file = arguments.Descriptor();
                long length = arguments.Number("the length");
                long protection = arguments.OptionalFlags("prot", Flags.Protection) ?? LibC.PROT_READ | LibC.PROT_WRITE;
                int flags = arguments.Switch("private") ? LibC.MAP_PRIVATE : LibC.MAP_SHARED;
                return new((process, _) =>
                {
                    if (process.Find(file) is not { } handle)
                    {
                        return LitmusProcess.Unset;
                    }

                    nint address = process.Kernel.MMap((nuint)length, (int)protection, flags, handle, 0);
                    if (IsError(address))
                    {
                        return LitmusProcess.Describe(address);
                    }

                    process.AddMapping(file, address, Whole(process, handle, (nuint)length));
                    return "0";
                });
            }),
        new(
            "unmap",
            "unmap FILE",
            "Removes the mappings that `map` made under this name.",
            static arguments =>
            {
                string file = arguments.Descriptor();
                return new((process, _) => process.Unmap(file));
            }),
        new(
            "store",
            "store FILE OFFSET LENGTH [seed=N]",
            "Stores through a shared mapping made for it. Observed is how many bytes could be stored; EFAULT stands for a fault (SIGBUS).",
            static arguments =>
            {
                string file = arguments.Descriptor();
                (long offset, long length) = Range(arguments);
                long seed = arguments.OptionalNumber("seed") ?? 0;
                return new((process, _) => Through(process, file, offset, length, address =>
                    LitmusProcess.Describe(Copy(Bytes.Make(offset, length, seed), address))));
            }),
        new(
            "load",
            "load FILE OFFSET LENGTH",
            "Loads through a shared mapping made for it. Observed are how many bytes could be loaded, and a hash of them; EFAULT "
            + "stands for a fault (SIGBUS).",
            static arguments =>
            {
                string file = arguments.Descriptor();
                (long offset, long length) = Range(arguments);
                return new((process, _) => Through(process, file, offset, length, address =>
                    ContentVerbs.Observe(length, buffer => Copy(address, buffer))));
            }),
        new(
            "madvise",
            "madvise FILE OFFSET LENGTH REMOVE|POPULATE_READ|POPULATE_WRITE|DONTNEED|WILLNEED",
            "Maps the range, shared, and advises about it.",
            static arguments =>
            {
                string file = arguments.Descriptor();
                (long offset, long length) = Range(arguments);
                long advice = arguments.Flags("the advice", Flags.Advice);
                return new((process, _) => Through(
                    process,
                    file,
                    offset,
                    length,
                    address => LitmusProcess.Describe(process.Kernel.MAdvise(address, (nuint)length, (int)advice))));
            }),
    ];

    private static (long Offset, long Length) Range(Arguments arguments)
    {
        long offset = arguments.Number("the offset");
        long length = arguments.Number("the length");
        return offset >= 0 && length is > 0 and <= Bytes.Most
            ? (offset, length)
            : throw arguments.Wrong($"a range starts at 0 or behind it, and has 1 to {Bytes.Most} bytes.");
    }

    private static bool IsError(nint address) => address is < 0 and >= -4095;

    private static string Through(LitmusProcess process, string file, long offset, long length, Func<nint, string> use)
    {
        if (process.Find(file) is not { } handle)
        {
            return LitmusProcess.Unset;
        }

        long inset = offset & PageMask;
        nuint mapped = (nuint)(length + inset);
        nint address = process.Kernel.MMap(mapped, LibC.PROT_READ | LibC.PROT_WRITE, LibC.MAP_SHARED, handle, offset - inset);
        if (IsError(address))
        {
            return "mmap " + LitmusProcess.Describe(address);
        }

        string result = use(address + (nint)inset);
        int error = process.Kernel.MUnmap(address, Whole(process, handle, mapped));
        return error == 0 ? result : "munmap " + LitmusProcess.Describe(error);
    }

    // Where statx(2) fails munmap(2) says whether the length is one.
    private static nuint Whole(LitmusProcess process, SafeHandle file, nuint length) =>
        Uninterrupted.FStat(process.Kernel, file, out FileStatus status) < 0 ? length : MemfdMapping.MappedLength(status, length);

    // The kernel copies, so that a fault is an answer and no signal: a read into the mapping stops where the first page faults.
    private static long Copy(byte[] bytes, nint address)
    {
        using var source = new KernelHandle(Kernel.Linux);
        source.Take(Kernel.Linux.MemfdCreate("litmus-store", LibC.MFD_CLOEXEC));
        long written = Kernel.Linux.PWrite(source, bytes, 0);

        // SAFETY: the kernel checks the address, whatever it is, and copies no more than was written.
        return written < bytes.Length
            ? written
            : SystemCall.Result(LibC.pread((int)source.DangerousGetHandle(), (void*)address, bytes.Length, 0));
    }

    // The same from the mapping: the write stops where the first page faults.
    private static nint Copy(nint address, byte[] bytes)
    {
        using var target = new KernelHandle(Kernel.Linux);
        target.Take(Kernel.Linux.MemfdCreate("litmus-load", LibC.MFD_CLOEXEC));

        // SAFETY: the kernel checks the address, whatever it is, and copies no more than the length.
        nint loaded = SystemCall.Result(LibC.pwrite((int)target.DangerousGetHandle(), (void*)address, bytes.Length, 0));
        return loaded <= 0 ? loaded : Kernel.Linux.PRead(target, bytes.AsSpan(0, (int)loaded), 0);
    }
}

using System.Runtime.InteropServices;
using System.Security.Cryptography;
using LuoInterop.Interop;
using LuoInterop.Litmus.Language;

namespace LuoInterop.Litmus.Operations;

/// <summary>Reads, writes and sizes files.</summary>
internal static class ContentVerbs
{
    private const long LargestHashed = 1L << 30;
    private const int HashStep = 1 << 20;
    private const int HashLength = 8;

    public static IReadOnlyList<Verb> All { get; } =
    [
        new(
            "write",
            "write FILE LENGTH [seed=N]",
            "Writes at the position: bytes that the seed and the offset from 0 of the call determine.",
            static arguments =>
            {
                string file = arguments.Descriptor();
                long length = Length(arguments);
                long seed = arguments.OptionalNumber("seed") ?? 0;
                return new((process, _) => process.On(file, handle => process.Kernel.Write(handle, Bytes.Make(0, length, seed))));
            }),
        new(
            "pwrite",
            "pwrite FILE OFFSET LENGTH [seed=N]",
            "Writes at an offset: bytes that the seed and the offset in the file determine.",
            static arguments =>
            {
                string file = arguments.Descriptor();
                long offset = arguments.Number("the offset");
                long length = Length(arguments);
                long seed = arguments.OptionalNumber("seed") ?? 0;
                return new((process, _) =>
                    process.On(file, handle => process.Kernel.PWrite(handle, Bytes.Make(offset, length, seed), offset)));
            }),
        new(
            "read",
            "read FILE LENGTH",
            "Reads at the position. Observed are the count and a hash of the bytes.",
            static arguments =>
            {
                string file = arguments.Descriptor();
                long length = Length(arguments);
                return new((process, _) => process.Find(file) is { } handle
                    ? Observe(length, buffer => process.Kernel.Read(handle, buffer))
                    : LitmusProcess.Unset);
            }),
        new(
            "pread",
            "pread FILE OFFSET LENGTH",
            "Reads at an offset. Observed are the count and a hash of the bytes.",
            static arguments =>
            {
                string file = arguments.Descriptor();
                long offset = arguments.Number("the offset");
                long length = Length(arguments);
                return new((process, _) => process.Find(file) is { } handle
                    ? Observe(length, buffer => process.Kernel.PRead(handle, buffer, offset))
                    : LitmusProcess.Unset);
            }),
        new(
            "truncate",
            "truncate FILE SIZE",
            "Sets the size (ftruncate).",
            static arguments =>
            {
                string file = arguments.Descriptor();
                long size = arguments.Number("the size");
                return new((process, _) => process.On(file, handle => process.Kernel.FTruncate(handle, size)));
            }),
        new(
            "fallocate",
            "fallocate FILE ALLOCATE|KEEP_SIZE|PUNCH_HOLE|... OFFSET LENGTH",
            "Makes fallocate(2) with these mode bits.",
            static arguments =>
            {
                string file = arguments.Descriptor();
                long mode = arguments.Flags("the mode", Flags.Allocate);
                long offset = arguments.Number("the offset");
                long length = arguments.Number("the length");
                return new((process, _) => process.On(file, handle => process.Kernel.FAllocate(handle, (int)mode, offset, length)));
            }),
        new(
            "lseek",
            "lseek FILE OFFSET SET|CUR|END|DATA|HOLE",
            "Moves the position. Observed is the new one.",
            static arguments =>
            {
                string file = arguments.Descriptor();
                long offset = arguments.Number("the offset");
                string word = arguments.Word("SET, CUR, END, DATA or HOLE");
                int whence = Array.IndexOf(["SET", "CUR", "END", "DATA", "HOLE"], word);
                return whence < 0
                    ? throw arguments.Wrong($"'{word}' is none of SET, CUR, END, DATA, HOLE.")
                    : new((process, _) => process.On(file, handle => process.Kernel.LSeek(handle, offset, (SeekOrigin)whence)));
            }),
        new(
            "hash",
            "hash FILE",
            "Hashes the whole content (SHA-256, its first 8 bytes), read at offsets. A file above 1 GiB is not read.",
            static arguments =>
            {
                string file = arguments.Descriptor();
                return new((process, _) => process.Find(file) is { } handle ? Hash(process.Kernel, handle) : LitmusProcess.Unset);
            }),
    ];

    private static long Length(Arguments arguments)
    {
        long length = arguments.Number("the length");
        return length is >= 0 and <= Bytes.Most ? length : throw arguments.Wrong($"a length is 0 to {Bytes.Most}.");
    }

    /// <summary>Reads, and describes the count and the bytes.</summary>
    public static string Observe(long length, Func<byte[], nint> read)
    {
        byte[] buffer = new byte[length];
        nint count = read(buffer);
        return count <= 0
            ? LitmusProcess.Describe(count)
            : $"{LitmusProcess.Describe(count)} {Text(SHA256.HashData(buffer.AsSpan(0, (int)count)))}";
    }

    private static string Hash(Kernel kernel, SafeHandle handle)
    {
        int error = kernel.FStat(handle, out FileStatus status);
        if (error < 0)
        {
            return LitmusProcess.Describe(error);
        }

        if (status.Size > LargestHashed)
        {
            return "above 1 GiB";
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[(int)Math.Clamp(status.Size, 1, HashStep)];
        for (long offset = 0; offset < status.Size;)
        {
            nint count = kernel.PRead(handle, buffer, offset);
            if (count <= 0)
            {
                return count < 0 ? LitmusProcess.Describe(count) : $"cut at {LitmusProcess.Describe(offset)}";
            }

            hash.AppendData(buffer, 0, (int)count);
            offset += count;
        }

        return Text(hash.GetHashAndReset());
    }

    private static string Text(ReadOnlySpan<byte> hash) => Convert.ToHexStringLower(hash[..HashLength]);
}

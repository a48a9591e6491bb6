using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using LuoInterop.Interop;

namespace LuoInterop;

/// <summary>Opens initial RAM disks for kexec_file_load(2), which takes one file.</summary>
internal static class InitrdFile
{
    // Documentation/driver-api/early-userspace/buffer-format.rst: an archive begins at a multiple of four; zeroes may come before it.
    private const int Alignment = 4;
    private const int BlockSize = 1 << 20;

    /// <summary>Opens what the kernel has to read: null for no file, the file itself where it is the only one, else one that holds
    /// all of them in order.</summary>
    /// <exception cref="KernelException">A file cannot be read, or there is no memory for all of them.</exception>
    public static KernelHandle? Open(Kernel kernel, IReadOnlyList<string> paths) => paths.Count switch
    {
        0 => null,
        1 => OpenFile(kernel, paths[0]),
        _ => Join(kernel, paths),
    };

    /// <summary>Opens a file for reading.</summary>
    /// <exception cref="KernelException">It cannot be opened.</exception>
    public static KernelHandle OpenFile(Kernel kernel, string path)
    {
        var file = new KernelHandle(kernel);
        int result = file.Take(KernelFile.Open(kernel, path));
        return result >= 0 ? file : throw Refused(result, Operation.OpenFile, path);
    }

    private static KernelHandle Join(Kernel kernel, IReadOnlyList<string> paths)
    {
        using Memfd all = Memfd.Create(kernel, "initrd", 0, new MemfdOptions { Executable = MemfdExecutable.SystemDefault });
        byte[] block = ArrayPool<byte>.Shared.Rent(BlockSize);
        try
        {
            long length = 0;
            foreach (string path in paths)
            {
                using KernelHandle file = OpenFile(kernel, path);
                length += Append(kernel, file, path, all, length, block);
                length = (length + Alignment - 1) / Alignment * Alignment;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }

        all.AddSeals(MemfdSeals.Seal | MemfdSeals.Shrink | MemfdSeals.Grow | MemfdSeals.Write);

        // Denied while anybody has it open for writing (deny_write_access), as the descriptor that made it is.
        using var writer = new DescriptorReference(all.Handle);
        return OpenFile(kernel, string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{writer.Fd}"));
    }

    private static long Append(Kernel kernel, SafeHandle file, string path, Memfd all, long start, byte[] block)
    {
        for (long done = 0; ;)
        {
            nint count = KernelFile.ReadAt(kernel, file, block, done);
            if (count < 0)
            {
                throw Refused((int)count, Operation.Read, path);
            }

            if (count == 0)
            {
                return done;
            }

            all.Write(start + done, block.AsSpan(0, (int)count));
            done += count;
        }
    }

    private static KernelException Refused(int result, string operation, string path) =>
        new((Errno)(-result), operation, $"{path}: {Refusal.Explain(operation, (Errno)(-result))}");
}

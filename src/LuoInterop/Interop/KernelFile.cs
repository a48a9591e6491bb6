using System.Runtime.InteropServices;
using Tmds.Linux;

namespace LuoInterop.Interop;

/// <summary>Reads files that a kernel shows of itself, whole and with a cap.</summary>
internal static class KernelFile
{
    /// <summary>Opens a file for reading: a descriptor, or <c>-errno</c>.</summary>
    public static int Open(Kernel kernel, string path) => Uninterrupted.Open(kernel, path, LibC.O_RDONLY | LibC.O_CLOEXEC);

    /// <summary>Reads a whole file. The size that its file system claims is not used: procfs and debugfs claim none.</summary>
    /// <returns>0, or <c>-errno</c>; EFBIG for a file of more bytes than the maximum.</returns>
    public static int Read(Kernel kernel, string path, int maximum, out byte[] content)
    {
        content = [];
        using var file = new KernelHandle(kernel);
        int result = file.Take(Open(kernel, path));
        if (result < 0)
        {
            return result;
        }

        // One byte more than the maximum tells a file of just that length from a longer one.
        byte[] bytes = new byte[4096];
        int length = 0;
        while (true)
        {
            nint count = Uninterrupted.PRead(kernel, file, bytes.AsSpan(length), length);
            if (count < 0)
            {
                return (int)count;
            }

            if (count == 0)
            {
                content = bytes[..length];
                return 0;
            }

            length += (int)count;
            if (length > maximum)
            {
                return -(int)Errno.EFBIG;
            }

            if (length == bytes.Length)
            {
                Array.Resize(ref bytes, Math.Min(bytes.Length * 2, maximum + 1));
            }
        }
    }

    /// <summary>Reads at an offset until the buffer is full or the file ends: the number of bytes, or <c>-errno</c>.</summary>
    public static nint ReadAt(Kernel kernel, SafeHandle file, Span<byte> buffer, long offset)
    {
        int done = 0;
        while (done < buffer.Length)
        {
            nint count = Uninterrupted.PRead(kernel, file, buffer[done..], offset + done);
            if (count <= 0)
            {
                return count < 0 ? count : done;
            }

            done += (int)count;
        }

        return done;
    }
}

using System.Runtime.InteropServices;

namespace LuoInterop.Interop;

/// <summary>Makes calls once more that a signal interrupted: those that Linux answers with EINTR although the process goes on.</summary>
/// <remarks>
/// <para>The managed API makes these calls through here and nowhere else, on every kernel. Which calls, and why the others are not
/// among them, is a table in docs/signals.md.</para>
/// <para>Each of them did nothing when it is EINTR, or keeps what it did (<see cref="Allocate"/>). Allocates nothing.</para>
/// </remarks>
internal static class Uninterrupted
{
    private static int EINTR => -(int)Errno.EINTR;

    /// <summary>open(2): of a file that somebody holds a lease on, or of a file system that asks another program.</summary>
    public static int Open(Kernel kernel, string path, int flags)
    {
        int result;
        do
        {
            result = kernel.Open(path, flags);
        }
        while (result == EINTR);
        return result;
    }

    /// <summary>read(2).</summary>
    public static nint Read(Kernel kernel, SafeHandle file, Span<byte> buffer)
    {
        nint result;
        do
        {
            result = kernel.Read(file, buffer);
        }
        while (result == EINTR);
        return result;
    }

    /// <summary>write(2).</summary>
    public static nint Write(Kernel kernel, SafeHandle file, ReadOnlySpan<byte> buffer)
    {
        nint result;
        do
        {
            result = kernel.Write(file, buffer);
        }
        while (result == EINTR);
        return result;
    }

    /// <summary>pread(2).</summary>
    public static nint PRead(Kernel kernel, SafeHandle file, Span<byte> buffer, long offset)
    {
        nint result;
        do
        {
            result = kernel.PRead(file, buffer, offset);
        }
        while (result == EINTR);
        return result;
    }

    /// <summary>pwrite(2).</summary>
    public static nint PWrite(Kernel kernel, SafeHandle file, ReadOnlySpan<byte> buffer, long offset)
    {
        nint result;
        do
        {
            result = kernel.PWrite(file, buffer, offset);
        }
        while (result == EINTR);
        return result;
    }

    /// <summary>ftruncate(2).</summary>
    public static int FTruncate(Kernel kernel, SafeHandle file, long length)
    {
        int result;
        do
        {
            result = kernel.FTruncate(file, length);
        }
        while (result == EINTR);
        return result;
    }

    /// <summary>statx(2) and fstatfs(2).</summary>
    public static int FStat(Kernel kernel, SafeHandle file, out FileStatus status)
    {
        int result;
        do
        {
            result = kernel.FStat(file, out status);
        }
        while (result == EINTR);
        return result;
    }

    /// <summary>ioctl(2) without a structure: KVM_CREATE_VM, which takes every lock of the address space and gives up at a
    /// signal.</summary>
    public static int Ioctl(Kernel kernel, SafeHandle file, uint request, nint argument)
    {
        int result;
        do
        {
            result = kernel.Ioctl(file, request, argument);
        }
        while (result == EINTR);
        return result;
    }

    /// <summary>kexec_file_load(2): it reads the files anew, and the image that was loaded before stays until it has. Counts the
    /// calls: the limit of loads does.</summary>
    public static int KexecFileLoad(Kernel kernel, SafeHandle? image, SafeHandle? initrd, string commandLine, uint flags, out int calls)
    {
        int result;
        calls = 0;
        do
        {
            calls++;
            result = kernel.KexecFileLoad(image, initrd, commandLine, flags);
        }
        while (result == EINTR);
        return result;
    }

    /// <summary>fallocate(2) in a mode that allocates. It goes on where a signal stopped it, however many signals come.</summary>
    /// <remarks>
    /// A call begins at the start of its range: huge pages and guest_memfd walk over what is there already, shmem before Linux 6.11
    /// gave it back. So a range that takes longer than signals are apart would never be done. A range that was interrupted is
    /// halved, down to one page; the next is twice as long again.
    /// </remarks>
    public static int Allocate(Kernel kernel, SafeHandle file, int mode, long offset, long length)
    {
        int result = kernel.FAllocate(file, mode, offset, length);
        if (result != EINTR)
        {
            return result;
        }

        // Pieces of whole pages from the start: guest_memfd takes no others.
        long page = Environment.SystemPageSize;
        long piece = length;
        long done = 0;
        while (done < length)
        {
            piece = result == EINTR ? Math.Max(piece / 2 / page * page, page) : piece > length / 2 ? length : piece * 2;
            long count = Math.Min(piece, length - done);
            result = kernel.FAllocate(file, mode, offset + done, count);
            if (result < 0 && result != EINTR)
            {
                return result;
            }

            done += result < 0 ? 0 : count;
        }

        return 0;
    }
}

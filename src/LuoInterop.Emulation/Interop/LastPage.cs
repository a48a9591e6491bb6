using LuoInterop.Emulation.Kho;
using LuoInterop.Interop;
using Tmds.Linux;

namespace LuoInterop.Emulation.Interop;

/// <summary>Reads and writes what the last page of a file holds past the file's end: only a mapping comes there.</summary>
internal static unsafe class LastPage
{
    /// <summary>Reads bytes of a page; zeros where the page lies past the end as a whole.</summary>
    /// <returns>0, or <c>-errno</c> of mmap(2).</returns>
    public static int Read(int fd, ulong page, int offset, Span<byte> destination)
    {
        int error = Map(fd, page, LibC.PROT_READ, out byte* mapping);
        if (error == 0)
        {
            if (ProcessMemory.CopyFrom((nint)(mapping + offset), destination) != 0)
            {
                destination.Clear();
            }

            Unmap(mapping);
        }

        return error;
    }

    /// <summary>Writes bytes of the page in which the file ends.</summary>
    /// <returns>0, or <c>-errno</c>.</returns>
    public static int Write(int fd, ulong page, int offset, ReadOnlySpan<byte> source)
    {
        int error = Map(fd, page, LibC.PROT_READ | LibC.PROT_WRITE, out byte* mapping);
        if (error == 0)
        {
            error = ProcessMemory.CopyTo((nint)(mapping + offset), source);
            Unmap(mapping);
        }

        return error;
    }

    // SAFETY: a new mapping, which nothing else knows; it is looked into by calls that check.
    private static int Map(int fd, ulong page, int protection, out byte* mapping)
    {
        mapping = (byte*)LibC.mmap(
            null, (int)PhysicalMemory.PageSize, protection, LibC.MAP_SHARED, fd, (long)(page << PhysicalMemory.PageShift));
        return mapping == LibC.MAP_FAILED ? SystemCall.LastError : 0;
    }

    private static void Unmap(byte* mapping) => _ = LibC.munmap(mapping, (int)PhysicalMemory.PageSize);
}

using System.Buffers;
using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;

namespace LuoInterop.Emulation.Previews.HugeTlb;

/// <summary>Copies a huge page's bytes into another host file, and leaves out what holds only zeros.</summary>
/// <param name="folio">The page.</param>
/// <param name="fd">The file.</param>
/// <param name="offset">Where in it the page begins.</param>
internal readonly struct FolioCopy(FolioRange folio, int fd, long offset)
{
    private const int Step = 1 << 20;

    /// <summary>Copies from the page's beginning: 0, or <c>-errno</c>.</summary>
    public int Copy(long length)
    {
        long start = (long)folio.FilePage << PhysicalMemory.PageShift;
        long done = 0;
        while (done < length)
        {
            // What a fault damaged is not in the host file: it is read page by page.
            long data = folio.IsDamaged ? start + done : HostLibc.lseek(folio.File.Fd, start + done, HostLibc.SEEK_DATA);
            if (data < 0 || data >= start + length)
            {
                break;
            }

            done = (data - start) & -PhysicalMemory.PageSize;
            int part = (int)Math.Min(Step - (done % Step), length - done);
            int error = CopyPart(done, part);
            if (error != 0)
            {
                return error;
            }

            done += part;
        }

        return 0;
    }

    private unsafe int CopyPart(long position, int length)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Step);
        try
        {
            for (int page = 0; page < length; page += PhysicalMemory.PageSize)
            {
                ulong pfn = folio.FirstPfn + (ulong)((position + page) >> PhysicalMemory.PageShift);
                if (!folio.TryRead(pfn, 0, buffer.AsSpan(page, PhysicalMemory.PageSize)))
                {
                    return Refused.EIO;
                }
            }

            if (!buffer.AsSpan(0, length).ContainsAnyExcept((byte)0))
            {
                return 0;
            }

            // SAFETY: pinned for the loop; a piece is at most Step bytes, which the rented array holds.
            fixed (byte* pointer = buffer)
            {
                for (int done = 0; done < length;)
                {
                    nint written = HostLibc.pwrite(fd, pointer + done, (nuint)(length - done), offset + position + done);
                    if (written < 0)
                    {
                        return HostLibc.LastError;
                    }

                    done += (int)written;
                }
            }

            return 0;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}

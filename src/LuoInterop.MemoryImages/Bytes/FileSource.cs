using LuoInterop.MemoryImages.Interop;
using Microsoft.Win32.SafeHandles;

namespace LuoInterop.MemoryImages.Bytes;

/// <summary>Reads a file, and asks its file system for holes.</summary>
internal sealed class FileSource : ByteSource
{
    private readonly SafeFileHandle _file;

    public FileSource(string path)
    {
        _file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            Length = RandomAccess.GetLength(_file);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    public override long Length { get; }

    public override bool TryRead(long offset, Span<byte> destination)
    {
        if (offset < 0 || offset > Length || destination.Length > Length - offset)
        {
            return false;
        }

        while (destination.Length > 0)
        {
            // A file that has become shorter ends here.
            int read = RandomAccess.Read(_file, destination, offset);
            if (read == 0)
            {
                return false;
            }

            destination = destination[read..];
            offset += read;
        }

        return true;
    }

    public override bool TryFindData(long offset, out long start, out long end)
    {
        (start, end) = (Length, Length);
        if (offset >= Length)
        {
            return false;
        }

        start = Seek(offset, FsHeader.SEEK_DATA);
        if (start == -(long)Errno.ENXIO)
        {
            start = Length;
            return false;
        }

        // A file system that knows no holes answers EINVAL: all is data.
        if (start < 0)
        {
            start = offset;
            return true;
        }

        long hole = Seek(start, FsHeader.SEEK_HOLE);
        end = hole < 0 ? Length : Math.Min(hole, Length);
        return start < end;
    }

    public override void Dispose() => _file.Dispose();

    // Reads are by offset, so that the position is free.
    private long Seek(long offset, int whence) => Kernel.Linux.LSeek(_file, offset, (SeekOrigin)whence);
}

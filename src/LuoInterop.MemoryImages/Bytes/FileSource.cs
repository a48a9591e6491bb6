using Microsoft.Win32.SafeHandles;
using static Tmds.Linux.LibC;

namespace LuoInterop.MemoryImages.Bytes;

/// <summary>Reads a file, and asks its file system for holes.</summary>
internal sealed class FileSource : ByteSource
{
    // include/uapi/linux/fs.h; Tmds.LibC has neither.
    private const int SEEK_DATA = 3;
    private const int SEEK_HOLE = 4;

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
        if (offset >= Length)
        {
            (start, end) = (Length, Length);
            return false;
        }

        start = Seek(offset, SEEK_DATA, out int errno);
        if (start < 0)
        {
            (start, end) = errno == ENXIO ? (Length, Length) : (offset, Length);
            return errno != ENXIO;
        }

        end = Seek(start, SEEK_HOLE, out _);
        end = end < 0 ? Length : Math.Min(end, Length);
        return start < end;
    }

    public override void Dispose() => _file.Dispose();

    // A file system without holes answers EINVAL: then all is data. Reads are by offset, so that the position is free.
    private long Seek(long offset, int whence, out int error)
    {
        bool added = false;
        try
        {
            _file.DangerousAddRef(ref added);
            long found = lseek((int)_file.DangerousGetHandle(), offset, whence);
            error = found < 0 ? errno : 0;
            return found;
        }
        finally
        {
            if (added)
            {
                _file.DangerousRelease();
            }
        }
    }
}

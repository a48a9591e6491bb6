using System.Runtime.InteropServices;
using LuoInterop.Interop;
using LuoInterop.KernelImages;

namespace LuoInterop;

/// <summary>Is the file of a kernel image that is open in a kernel, as a stream.</summary>
internal sealed class ImageFile : Stream
{
    private readonly Kernel _kernel;
    private readonly SafeHandle _file;
    private readonly long _length;

    private ImageFile(Kernel kernel, SafeHandle file, long length)
    {
        _kernel = kernel;
        _file = file;
        _length = length;
    }

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => _length;

    public override long Position { get; set; }

    /// <summary>Reads an image whole; null where nothing can be said of it.</summary>
    /// <param name="kernel">The kernel that holds the file.</param>
    /// <param name="file">The file, which stays open.</param>
    /// <param name="head">The image's head.</param>
    /// <param name="configuration">The configuration that lies beside it; null for none.</param>
    public static KernelImage? TryRead(Kernel kernel, SafeHandle file, KernelImageHead head, KernelConfiguration? configuration)
    {
        try
        {
            using var stream = new ImageFile(kernel, file, head.Length);
            return head.IsCut ? null : KernelImage.Read(stream, new KernelImageOptions { Configuration = configuration });
        }
        catch (KernelImageException)
        {
            // The kernel itself says what is no image. Of others that are not known nothing is known.
            return null;
        }
    }

    public override int Read(Span<byte> buffer)
    {
        nint count = KernelFile.ReadAt(_kernel, _file, buffer[..(int)Math.Clamp(_length - Position, 0, buffer.Length)], Position);
        if (count < 0)
        {
            throw new IOException("The image cannot be read.", (int)count);
        }

        Position += count;
        return (int)count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}

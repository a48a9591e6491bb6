using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LuoInterop.Cli.Output;

/// <summary>Says that whoever read standard output has closed it.</summary>
internal sealed class ClosedPipeException() : IOException("Standard output was closed.");

/// <summary>Writes to standard output as it is: .NET's own stream says nothing of a closed pipe or a full disk.</summary>
internal sealed class StandardOutput : Stream
{
    private readonly SafeFileHandle _file = new(1, ownsHandle: false);

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <exception cref="ClosedPipeException">Nobody reads any more.</exception>
    /// <exception cref="IOException">The kernel refuses, for example for a full disk.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            nint count = Kernel.Linux.Write(_file, buffer);
            if (count >= 0)
            {
                buffer = buffer[(int)count..];
                continue;
            }

            switch ((Errno)(-count))
            {
                case Errno.EINTR:
                    break;
                case Errno.EAGAIN:
                    // Whoever shares the pipe made it non-blocking.
                    Thread.Sleep(1);
                    break;
                case Errno.EPIPE:
                    throw new ClosedPipeException();
                default:
                    throw new IOException($"standard output cannot be written: {Marshal.GetPInvokeErrorMessage((int)-count)}");
            }
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}

using LuoInterop.Interop;

namespace LuoInterop;

/// <summary>Reads and writes a memfd at the position of its open file, without buffer: what a program sees is what a live update
/// carries.</summary>
/// <remarks>The memfd stays its owner's. Asynchronous calls run at once: memory is not waited for.</remarks>
internal sealed class MemfdStream(Memfd file) : Stream
{
    private bool _closed;

    public override bool CanRead => !_closed;

    public override bool CanSeek => !_closed;

    public override bool CanWrite => !_closed;

    public override long Length => Open().Size;

    public override long Position
    {
        get => Open().Position;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            Open().Position = value;
        }
    }

    public override long Seek(long offset, SeekOrigin origin) =>
        KernelException.Check(Open().Kernel.LSeek(file.Handle, offset, origin), Operation.Seek);

    // As a FileStream does: a position beyond the new end becomes that end.
    public override void SetLength(long value)
    {
        Open().SetSize(value);
        if (file.Position > value)
        {
            file.Position = value;
        }
    }

    public override int Read(Span<byte> buffer) =>
        (int)KernelException.Check(Uninterrupted.Read(Open().Kernel, file.Handle, buffer), Operation.Read);

    public override int Read(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        return Read(buffer.AsSpan(offset, count));
    }

    public override int ReadByte()
    {
        byte value = 0;
        return Read(new Span<byte>(ref value)) == 0 ? -1 : value;
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<int>(cancellationToken);
        }

        try
        {
            return ValueTask.FromResult(Read(buffer.Span));
        }
        catch (KernelException error)
        {
            return ValueTask.FromException<int>(error);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        Kernel kernel = Open().Kernel;
        while (!buffer.IsEmpty)
        {
            buffer = buffer[(int)KernelException.Check(Uninterrupted.Write(kernel, file.Handle, buffer), Operation.Write)..];
        }
    }

    public override void Write(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        Write(buffer.AsSpan(offset, count));
    }

    public override void WriteByte(byte value) => Write(new ReadOnlySpan<byte>(in value));

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        try
        {
            Write(buffer.Span);
            return ValueTask.CompletedTask;
        }
        catch (KernelException error)
        {
            return ValueTask.FromException(error);
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    // Nothing is held back.
    public override void Flush() => _ = Open();

    public override Task FlushAsync(CancellationToken cancellationToken)
    {
        _ = Open();
        return cancellationToken.IsCancellationRequested ? Task.FromCanceled(cancellationToken) : Task.CompletedTask;
    }

    protected override void Dispose(bool disposing)
    {
        _closed = true;
        base.Dispose(disposing);
    }

    private Memfd Open()
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        return file;
    }
}

using System.Buffers.Binary;
using System.Text;

namespace LuoInterop.VmTesting.Protocol;

/// <summary>Is one received frame whose header has been checked and whose body has not.</summary>
internal readonly record struct Frame(FrameType Type, ushort Stage, uint Sequence, ReadOnlyMemory<byte> Body)
{
    /// <summary>Checks a header and gives the length of the body that follows it.</summary>
    internal static int CheckHeader(ReadOnlySpan<byte> header, out FrameType type, out ushort stage, out uint sequence)
    {
        uint magic = BinaryPrimitives.ReadUInt32LittleEndian(header);
        if (magic != FrameFormat.Magic)
        {
            throw new FrameException($"a frame starts with 0x{magic:x8} instead of the magic 0x{FrameFormat.Magic:x8}");
        }

        type = (FrameType)BinaryPrimitives.ReadUInt16LittleEndian(header[4..]);
        if (!Enum.IsDefined(type))
        {
            throw new FrameException($"the frame type {(ushort)type} is unknown");
        }

        stage = BinaryPrimitives.ReadUInt16LittleEndian(header[6..]);
        sequence = BinaryPrimitives.ReadUInt32LittleEndian(header[8..]);
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(header[12..]);
        return length <= FrameFormat.MaxBody
            ? (int)length
            : throw new FrameException($"a {type} frame announces {length} bytes; the most is {FrameFormat.MaxBody}");
    }

    /// <summary>Reads the next frame; null at an end of the stream that falls between two frames.</summary>
    internal static async Task<Frame?> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        byte[] header = new byte[FrameFormat.HeaderSize];
        int got = await stream.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        if (got == 0)
        {
            return null;
        }

        if (got < header.Length)
        {
            throw new EndOfStreamException($"The stream ends {got} bytes into a frame's header.");
        }

        byte[] body = new byte[CheckHeader(header, out FrameType type, out ushort stage, out uint sequence)];
        got = await stream.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        return got == body.Length
            ? new Frame(type, stage, sequence, body)
            : throw new EndOfStreamException($"The stream ends {got} bytes into the {body.Length} bytes of a {type} frame.");
    }
}

/// <summary>Builds one frame in place.</summary>
internal sealed class FrameBuilder
{
    private readonly byte[] _bytes = new byte[FrameFormat.MaxFrame];
    private int _used;

    internal FrameBuilder(FrameType type, ushort stage, uint sequence)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_bytes, FrameFormat.Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(_bytes.AsSpan(4), (ushort)type);
        BinaryPrimitives.WriteUInt16LittleEndian(_bytes.AsSpan(6), stage);
        BinaryPrimitives.WriteUInt32LittleEndian(_bytes.AsSpan(8), sequence);
        _used = FrameFormat.HeaderSize;
    }

    internal FrameBuilder Byte(byte value)
    {
        Take(1)[0] = value;
        return this;
    }

    internal FrameBuilder UInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(Take(4), value);
        return this;
    }

    internal FrameBuilder UInt64(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(Take(8), value);
        return this;
    }

    internal FrameBuilder Text(string value)
    {
        UInt32((uint)Encoding.UTF8.GetByteCount(value));
        Encoding.UTF8.GetBytes(value, Take(Encoding.UTF8.GetByteCount(value)));
        return this;
    }

    internal FrameBuilder Bytes(ReadOnlySpan<byte> value)
    {
        value.CopyTo(Take(value.Length));
        return this;
    }

    internal ReadOnlyMemory<byte> Finish()
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_bytes.AsSpan(12), (uint)(_used - FrameFormat.HeaderSize));
        return _bytes.AsMemory(0, _used);
    }

    private Span<byte> Take(int length)
    {
        if (length > _bytes.Length - _used)
        {
            throw new ArgumentException($"the frame would be longer than {FrameFormat.MaxFrame} bytes");
        }

        Span<byte> part = _bytes.AsSpan(_used, length);
        _used += length;
        return part;
    }
}

/// <summary>Reads the fields of a frame's body, which may hold anything.</summary>
internal ref struct BodyReader(Frame frame)
{
    private readonly FrameType _type = frame.Type;
    private ReadOnlySpan<byte> _rest = frame.Body.Span;

    internal byte Byte() => Take(1)[0];

    internal uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    internal ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    /// <summary>Reads a text; bytes that are not UTF-8 become the replacement character.</summary>
    internal string Text()
    {
        uint length = UInt32();
        return length <= _rest.Length
            ? Encoding.UTF8.GetString(Take((int)length))
            : throw new FrameException($"a text of {length} bytes in a {_type} frame that has {_rest.Length} left");
    }

    internal ReadOnlySpan<byte> Rest() => Take(_rest.Length);

    /// <summary>Refuses bytes that no field accounts for.</summary>
    internal readonly void End()
    {
        if (!_rest.IsEmpty)
        {
            throw new FrameException($"a {_type} frame has {_rest.Length} bytes too many");
        }
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (length > _rest.Length)
        {
            throw new FrameException($"a {_type} frame is {length - _rest.Length} bytes too short");
        }

        ReadOnlySpan<byte> part = _rest[..length];
        _rest = _rest[length..];
        return part;
    }
}

using System.Buffers.Binary;

namespace LuoInterop.KernelImages.Unpacking;

/// <summary>Turns the absolute addresses of x86 calls and jumps back into relative ones, as the filter BCJ x86 of xz asks for.</summary>
/// <remarks>
/// The rule is the filter's, which nothing but its code describes (<c>lib/xz/xz_dec_bcj.c</c>): an opcode E8 or E9 whose operand ends
/// with 00 or ff is a branch, unless one of the three bytes before it looked like an opcode and the operands overlap in a way that the
/// packing side did not touch. Holds what is needed over the end of a piece, so that pieces may be of any length.
/// </remarks>
internal sealed class X86Branches
{
    private const int OperandSize = 4;

    private uint _position;
    private uint _mask;

    // Whether an overlap with the opcodes of a mask may be a branch, and how many bytes of the operand the nearest one covers.
    private static ReadOnlySpan<bool> IsAllowed => [true, true, true, false, true, false, false, false];

    private static ReadOnlySpan<byte> Covered => [0, 1, 2, 2, 3, 3, 3, 3];

    /// <summary>Turns the branches of a piece; gives how many of its bytes are done. The rest has to come again, with more behind
    /// it, and is as it should be where nothing comes.</summary>
    public int Apply(Span<byte> piece)
    {
        int last = -1;
        uint mask = _mask;
        int at = 0;
        for (; at + OperandSize < piece.Length; at++)
        {
            if ((piece[at] & 0xfe) != 0xe8)
            {
                continue;
            }

            int distance = at - last;
            last = at;
            mask = distance > 3 ? 0 : (mask << (distance - 1)) & 7;
            bool isEnd = IsEnd(piece[at + OperandSize]);
            if (!isEnd || (mask != 0 && (!IsAllowed[(int)mask] || IsEnd(piece[at + OperandSize - Covered[(int)mask]]))))
            {
                mask = (mask << 1) | 1;
                continue;
            }

            Span<byte> operand = piece.Slice(at + 1, OperandSize);
            BinaryPrimitives.WriteUInt32LittleEndian(
                operand, Relative(BinaryPrimitives.ReadUInt32LittleEndian(operand), _position + (uint)at + 5, mask));
            at += OperandSize;
            last = at;
            mask = 0;
        }

        int rest = at - last;
        _mask = rest > 3 ? 0 : mask << (rest - 1);
        _position += (uint)at;
        return at;
    }

    private static bool IsEnd(byte value) => value is 0 or 0xff;

    private static uint Relative(uint absolute, uint next, uint mask)
    {
        uint relative = absolute - next;
        int bits = Covered[(int)mask] * 8;
        while (mask != 0 && IsEnd((byte)(relative >> (24 - bits))))
        {
            relative = (relative ^ ((1u << (32 - bits)) - 1)) - next;
        }

        // The upper byte is the sign of 25 bits.
        relative &= 0x01ffffff;
        return relative | (0u - (relative & 0x01000000));
    }
}

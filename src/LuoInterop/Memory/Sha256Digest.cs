using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace LuoInterop;

/// <summary>Computes SHA-256 of bytes in memory, of few without a library.</summary>
/// <remarks>
/// .NET's own asks OpenSSL, which it loads and starts at the first call. A program that resumes has a catalogue and a state of some KiB to
/// check, and somebody waits for it: what is loaded costs it more than what is computed, and in an initial root there may be no OpenSSL.
/// Source: FIPS 180-4, sections 4 to 6.
/// </remarks>
internal static class Sha256Digest
{
    /// <summary>The length of a digest in bytes.</summary>
    public const int Size = SHA256.HashSizeInBytes;

    /// <summary>The most bytes that are not given to OpenSSL, which is the faster the more there are: the state of four vCPUs.</summary>
    public const int MostBytesHere = 128 << 10;

    private const int BlockSize = 64;
    private const int Words = BlockSize / sizeof(uint);
    private const int Rounds = 64;
    private const byte EndOfMessage = 0x80;

    // The first 32 bits of the fractions of the square roots of the first 8 primes.
    private static ReadOnlySpan<uint> Start =>
    [
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
    ];

    // The same of the cube roots of the first 64 primes.
    private static ReadOnlySpan<uint> Constants =>
    [
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    ];

    /// <summary>Computes the digest of bytes. Allocates nothing.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="digest">Takes the digest, in its first 32 bytes.</param>
    public static void Compute(ReadOnlySpan<byte> bytes, Span<byte> digest)
    {
        if (bytes.Length > MostBytesHere)
        {
            SHA256.HashData(bytes, digest);
            return;
        }

        Span<uint> state = stackalloc uint[Size / sizeof(uint)];
        Start.CopyTo(state);
        ReadOnlySpan<byte> rest = bytes;
        for (; rest.Length >= BlockSize; rest = rest[BlockSize..])
        {
            Add(rest[..BlockSize], state);
        }

        // The rest, one bit, zeros, and how many bits there were: one block, or two.
        Span<byte> last = stackalloc byte[2 * BlockSize];
        last.Clear();
        rest.CopyTo(last);
        last[rest.Length] = EndOfMessage;
        int length = rest.Length + 1 + sizeof(ulong) <= BlockSize ? BlockSize : 2 * BlockSize;
        BinaryPrimitives.WriteUInt64BigEndian(last[(length - sizeof(ulong))..], (ulong)bytes.Length * 8);
        for (int block = 0; block < length; block += BlockSize)
        {
            Add(last.Slice(block, BlockSize), state);
        }

        for (int i = 0; i < state.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(digest[(i * sizeof(uint))..], state[i]);
        }
    }

    private static void Add(ReadOnlySpan<byte> block, Span<uint> state)
    {
        Span<uint> w = stackalloc uint[Rounds];
        for (int t = 0; t < Words; t++)
        {
            w[t] = BinaryPrimitives.ReadUInt32BigEndian(block[(t * sizeof(uint))..]);
        }

        for (int t = Words; t < Rounds; t++)
        {
            uint far = w[t - 15];
            uint near = w[t - 2];
            w[t] = w[t - 16] + w[t - 7]
                + (BitOperations.RotateRight(far, 7) ^ BitOperations.RotateRight(far, 18) ^ (far >> 3))
                + (BitOperations.RotateRight(near, 17) ^ BitOperations.RotateRight(near, 19) ^ (near >> 10));
        }

        uint a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
        ReadOnlySpan<uint> k = Constants;
        for (int t = 0; t < Rounds; t++)
        {
            uint first = h + k[t] + w[t] + ((e & f) ^ (~e & g))
                + (BitOperations.RotateRight(e, 6) ^ BitOperations.RotateRight(e, 11) ^ BitOperations.RotateRight(e, 25));
            uint second = ((a & b) ^ (a & c) ^ (b & c))
                + (BitOperations.RotateRight(a, 2) ^ BitOperations.RotateRight(a, 13) ^ BitOperations.RotateRight(a, 22));
            (h, g, f, e, d, c, b, a) = (g, f, e, d + first, c, b, a, first + second);
        }

        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
        state[5] += f;
        state[6] += g;
        state[7] += h;
    }
}

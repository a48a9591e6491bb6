using System.Text;

namespace LuoInterop.Cache.Benchmarks;

/// <summary>Is what is stored in a cache: keys with a number each, and values that are all different.</summary>
/// <param name="Count">How many.</param>
/// <param name="ValueBytes">A value's length in bytes: 16 at least.</param>
/// <param name="MemoryMiB">The memory that a server is told to have: more than all items need.</param>
internal sealed record CacheItems(int Count, int ValueBytes, int MemoryMiB)
{
    /// <summary>The bytes of a key.</summary>
    public const int KeyBytes = 13;

    private readonly byte[] _noise = Noise(ValueBytes + 4096);

    /// <summary>Gets the sizes that are measured.</summary>
    public static IReadOnlyList<CacheItems> Measured { get; } =
        [new(10_000, 100, 64), new(200_000, 100, 128), new(262_144, 4096, 1536)];

    /// <summary>Gets the name of a key.</summary>
    public static string Key(int number) => $"key-{number:D9}";

    /// <summary>Writes a value: its number, and bytes that do not pack.</summary>
    public void WriteValue(int number, Span<byte> value)
    {
        _noise.AsSpan(number % 4096, ValueBytes).CopyTo(value);
        BitConverter.TryWriteBytes(value, (long)number);
    }

    /// <summary>Writes the commands that store every item and are not answered.</summary>
    public void WriteCommands(string path)
    {
        using FileStream file = new(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        byte[] value = new byte[ValueBytes];
        for (int number = 0; number < Count; number++)
        {
            WriteValue(number, value);
            file.Write(Encoding.ASCII.GetBytes($"set {Key(number)} 0 0 {ValueBytes} noreply\r\n"));
            file.Write(value);
            file.Write("\r\n"u8);
        }
    }

    private static byte[] Noise(int length)
    {
        byte[] noise = new byte[length];
        new Random(length).NextBytes(noise);
        return noise;
    }
}

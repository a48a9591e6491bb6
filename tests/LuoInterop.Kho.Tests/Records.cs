using FsCheck;
using FsCheck.Fluent;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho.Tests;

/// <summary>Holds a codec of a record to its bytes.</summary>
internal static class Records
{
    /// <summary>Asserts that a record is written as these bytes, all of them, and read back, and that a byte less is named.</summary>
    public static void Check<T>(T value, int size, int expectedSize, string hex)
        where T : struct, IKhoSer<T>
    {
        Assert.Equal(expectedSize, size);
        Assert.Equal(expectedSize, T.SerSize);
        byte[] bytes = new byte[size];
        bytes.AsSpan().Fill(0xa5);
        value.Write(bytes);
        Assert.Equal(hex, Convert.ToHexStringLower(bytes));
        Assert.Equal(value, T.Read(bytes));
        KhoFormatException error = Assert.Throws<KhoFormatException>(() => T.Read(bytes.AsSpan(0, size - 1)));
        Assert.Equal(KhoFormatError.Truncated, error.Error);
    }

    /// <summary>Asserts that any bytes are written as they were read, but for padding, which is written as 0.</summary>
    public static void Keeps<T>(params (int Offset, int Length)[] padding)
        where T : struct, IKhoSer<T> => Prop.ForAll(
            Gen.Choose(0, 255).Select(static value => (byte)value).ArrayOf(T.SerSize).ToArbitrary(),
            bytes =>
            {
                foreach ((int offset, int length) in padding)
                {
                    bytes.AsSpan(offset, length).Clear();
                }

                byte[] encoded = new byte[T.SerSize];
                encoded.AsSpan().Fill(0x5a);
                T.Read(bytes).Write(encoded);
                Assert.Equal(bytes, encoded);
            }).QuickCheckThrowOnFailure();
}

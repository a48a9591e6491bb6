using System.Text;
using LuoInterop.Cache.Items;
using Xunit;

namespace LuoInterop.Cache.Tests;

public sealed class DamageTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Memory_ThatIsDamaged_GivesNoWrongValue_AndGoesOn(int seed)
    {
        using var memory = new CacheMemory();
        var random = new Random(seed);
        for (int round = 0; round < 40; round++)
        {
            // The first part of the memory is where everything is.
            memory.Mapping.GetSpan(0, 1 << 20).Clear();
            ItemStore store = memory.Open();
            for (int number = 0; number < 200; number++)
            {
                store.Store(Key(number), Value(number, round), (uint)number, 0);
            }

            for (int damage = 0; damage < 40; damage++)
            {
                Span<byte> target = random.Next(4) switch
                {
                    0 => memory.Mapping.GetSpan(CacheMemory.Offset, 128),
                    1 => memory.Mapping.GetSpan(CacheMemory.Offset + ItemLayout.HeadBytes, 1 << 20),
                    _ => memory.Mapping.GetSpan(CacheMemory.Offset + new ItemLayout(memory.Length).LogAt, 60_000),
                };
                int at = random.Next(target.Length - 8);
                random.NextBytes(target.Slice(at, random.Next(1, 8)));
            }

            store = memory.Open();
            for (int step = 0; step < 1000; step++)
            {
                int number = random.Next(250);
                if (store.TryGet(Key(number), out Item item))
                {
                    // A value of an older step of this test is right too: it was stored under this key once.
                    Assert.Equal(Value(number, item.Value[^1]), item.Value);
                    Assert.Equal((uint)number, item.Flags);
                }

                if (step % 3 == 0)
                {
                    Assert.Equal(StoreOutcome.Stored, store.Store(Key(number), Value(number, round), (uint)number, 0));
                    Assert.True(store.TryGet(Key(number), out _));
                }
            }
        }
    }

    [Fact]
    public void Log_ThatCannotBeFollowed_IsLaidOutAnew()
    {
        using var memory = new CacheMemory();
        ItemStore store = memory.Open();
        byte[] value = new byte[100_000];
        store.Store("first"u8, value, 0, 0);
        memory.Mapping.GetSpan(CacheMemory.Offset + new ItemLayout(memory.Length).LogAt, 8).Fill(0xff);
        for (int number = 0; number < 1000; number++)
        {
            Assert.Equal(StoreOutcome.Stored, store.Store(Key(number), value, 0, 0));
        }

        Assert.Equal(1, store.Damaged);
        Assert.True(store.TryGet(Key(999), out _));
    }

    [Fact]
    public void Count_ThatIsDamaged_StopsNothing()
    {
        using var memory = new CacheMemory();
        ItemStore store = memory.Open();
        for (int number = 0; number < 500; number++)
        {
            memory.Mapping.GetSpan(CacheMemory.Offset + ItemLayout.LiveBytesAt, 8).Clear();
            Assert.Equal(StoreOutcome.Stored, store.Store(Key(number), new byte[100_000], 0, 0));
        }

        Assert.True(store.TryGet(Key(499), out _));
        Assert.NotEqual(0, store.Evictions);
    }

    [Theory]
    [InlineData(ItemLayout.VersionAt, "its layout is of version 255, and this program's is 1")]
    [InlineData(ItemLayout.FirstAt + 7, "its head contradicts itself")]
    [InlineData(ItemLayout.MagicAt, "it does not hold items")]
    public void Head_ThatIsNotOurs_IsRefusedWithTheReason(int at, string reason)
    {
        using var memory = new CacheMemory();
        memory.Open().Store("a"u8, "b"u8, 0, 0);
        memory.Mapping.GetSpan(CacheMemory.Offset + at, 1)[0] = 0xff;

        ItemStore store = memory.Open();

        Assert.Equal(reason, store.Refusal);
        Assert.Equal(0, store.Count);
        Assert.False(store.TryGet("a"u8, out _));
    }

    private static byte[] Key(int number) => Encoding.UTF8.GetBytes($"key-{number}");

    private static byte[] Value(int number, int round) =>
        [.. Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat($"{number}:{round};", 1 + (number % 20)))), (byte)round];
}

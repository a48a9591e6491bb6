using System.Text;
using LuoInterop.Cache.Items;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Cache.Tests;

public sealed class ItemStoreTests
{
    [Fact]
    public void Store_OpenedAgain_HasTheItems()
    {
        using var memory = new CacheMemory();
        ItemStore store = memory.Open();
        Assert.Equal("it does not hold items", store.Refusal);
        Assert.Equal(StoreOutcome.Stored, store.Store("a"u8, "one"u8, 7, 0));
        Assert.Equal(StoreOutcome.Stored, store.Store("b"u8, ""u8, uint.MaxValue, 0));

        ItemStore again = memory.Open();

        Assert.Null(again.Refusal);
        Assert.Equal(2, again.Count);
        Assert.True(again.TryGet("a"u8, out Item item));
        Assert.Equal("one"u8, item.Value);
        Assert.Equal(7u, item.Flags);
        Assert.True(again.TryGet("b"u8, out item));
        Assert.Equal(0, item.Value.Length);
        Assert.Equal(uint.MaxValue, item.Flags);
        Assert.False(again.TryGet("c"u8, out _));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Commands_OfAnyOrder_AnswerAsADictionary(int seed)
    {
        using var memory = new CacheMemory();
        ItemStore store = memory.Open();
        var model = new Dictionary<string, (string Value, uint Flags)>();
        var random = new Random(seed);
        for (int step = 0; step < 60_000; step++)
        {
            string key = $"key-{random.Next(500)}";
            byte[] bytes = Encoding.UTF8.GetBytes(key);
            string value = new((char)('a' + random.Next(26)), random.Next(2000));
            uint flags = (uint)random.Next();
            switch (random.Next(10))
            {
                case < 4:
                    Assert.Equal(StoreOutcome.Stored, store.Store(bytes, Encoding.UTF8.GetBytes(value), flags, 0));
                    model[key] = (value, flags);
                    break;
                case 4:
                    Assert.Equal(model.Remove(key), store.Delete(bytes));
                    break;
                case 5:
                    bool added = model.TryAdd(key, (value, flags));
                    Assert.Equal(
                        added ? StoreOutcome.Stored : StoreOutcome.NotStored,
                        store.Store(bytes, Encoding.UTF8.GetBytes(value), flags, 0, StoreCondition.Absent));
                    break;
                case 6 when model.TryGetValue(key, out var old) && old.Value.Length < 10_000:
                    Assert.Equal(StoreOutcome.Stored, store.Extend(bytes, "more"u8, inFront: step % 2 == 0));
                    model[key] = (step % 2 == 0 ? "more" + old.Value : old.Value + "more", old.Flags);
                    break;
                case 7 when step % 100 == 0:
                    store = memory.Open();
                    Assert.Null(store.Refusal);
                    break;
                default:
                    Assert.Equal(model.ContainsKey(key), store.TryGet(bytes, out Item item));
                    if (model.TryGetValue(key, out var expected))
                    {
                        Assert.Equal(expected.Value, Encoding.UTF8.GetString(item.Value));
                        Assert.Equal(expected.Flags, item.Flags);
                    }

                    break;
            }
        }

        // The log went round several times, and what is found in it all the time is less than three quarters of it.
        Assert.Equal(model.Count, store.Count);
        Assert.Equal(0, store.Evictions);
        Assert.All(model, pair =>
        {
            Assert.True(store.TryGet(Encoding.UTF8.GetBytes(pair.Key), out Item item));
            Assert.Equal(pair.Value.Value, Encoding.UTF8.GetString(item.Value));
        });
    }

    [Fact]
    public void Memory_ThatIsFull_KeepsWhatIsReadAndWhatIsNew()
    {
        using var memory = new CacheMemory();
        ItemStore store = memory.Open();
        byte[] value = new byte[4000];
        Assert.Equal(StoreOutcome.Stored, store.Store("wanted"u8, value, 0, 0));
        for (int number = 0; number < 20_000; number++)
        {
            Assert.Equal(StoreOutcome.Stored, store.Store(Encoding.UTF8.GetBytes($"key-{number}"), value, 0, 0));
            Assert.True(store.TryGet("wanted"u8, out _), $"it went with item {number}");
        }

        Assert.InRange(store.Bytes, store.Capacity / 2, store.Capacity);
        Assert.Equal(20_001 - store.Count, store.Evictions);
        Assert.True(store.TryGet("key-19999"u8, out _));
        Assert.True(store.TryGet("key-19000"u8, out _));
        Assert.False(store.TryGet("key-1"u8, out _));
    }

    [Fact]
    public void Counter_ThatIsWrittenOnAndOn_PushesNothingOut()
    {
        using var memory = new CacheMemory();
        ItemStore store = memory.Open();
        for (int number = 0; number < 1000; number++)
        {
            store.Store(Encoding.UTF8.GetBytes($"cold-{number}"), new byte[1000], 0, 0);
        }

        store.Store("counter"u8, "0"u8, 0, 0);
        for (int number = 0; number < 1_000_000; number++)
        {
            Assert.Equal(StoreOutcome.Stored, store.Add("counter"u8, 1, down: false, out _));
        }

        Assert.Equal(1001, store.Count);
        Assert.Equal(0, store.Evictions);
        Assert.True(store.TryGet("counter"u8, out Item item));
        Assert.Equal("1000000"u8, item.Value);
    }

    [Fact]
    public void Values_OfTheLongestKind_GoRound()
    {
        using var memory = new CacheMemory();
        ItemStore store = memory.Open();
        byte[] value = new byte[ItemRecord.LongestValue];
        for (int number = 0; number < 200; number++)
        {
            Array.Fill(value, (byte)number);
            byte[] key = Encoding.UTF8.GetBytes(new string((char)('a' + (number % 26)), ItemRecord.LongestKey));
            Assert.Equal(StoreOutcome.Stored, store.Store(key, value, 0, 0));
            Assert.True(store.TryGet(key, out Item item));
            Assert.True(item.Value.SequenceEqual(value));
        }

        Assert.Equal(StoreOutcome.TooLarge, store.Store("k"u8, new byte[ItemRecord.LongestValue + 1], 0, 0));
        Assert.Equal(StoreOutcome.Stored, store.Store("k"u8, value, 0, 0));
        Assert.Equal(StoreOutcome.TooLarge, store.Extend("k"u8, "x"u8, inFront: false));
        Assert.True(store.Touch("k"u8, 0));
    }

    [Fact]
    public void Item_WhoseTimeIsOver_IsNotFound()
    {
        using var memory = new CacheMemory();
        ItemStore store = memory.Open();
        long soon = memory.GetUtcNow().ToUnixTimeSeconds() + 10;
        store.Store("a"u8, "old"u8, 0, 0);
        store.Store("a"u8, "new"u8, 0, soon);
        store.Store("b"u8, "b"u8, 0, soon);
        Assert.True(store.Touch("b"u8, soon + 10));
        memory.Wait(TimeSpan.FromSeconds(9));
        Assert.True(store.TryGet("a"u8, out _));

        memory.Wait(TimeSpan.FromSeconds(1));

        // The older value of the key is not found in its place.
        Assert.False(store.TryGet("a"u8, out _));
        Assert.True(store.TryGet("b"u8, out _));
        Assert.Equal(1, store.Count);
    }

    [Fact]
    public void Numbers_GoUpAndDown_AsMemcachedsDo()
    {
        using var memory = new CacheMemory();
        ItemStore store = memory.Open();
        store.Store("n"u8, "18446744073709551615"u8, 3, 0);
        Assert.Equal(StoreOutcome.Stored, store.Add("n"u8, 2, down: false, out ulong result));
        Assert.Equal(1ul, result);
        Assert.Equal(StoreOutcome.Stored, store.Add("n"u8, 5, down: true, out result));
        Assert.Equal(0ul, result);
        Assert.True(store.TryGet("n"u8, out Item item));
        Assert.Equal(3u, item.Flags);
        store.Store("text"u8, "12a"u8, 0, 0);
        Assert.Equal(StoreOutcome.NotStored, store.Add("text"u8, 1, down: false, out _));
        Assert.Equal(StoreOutcome.NotFound, store.Add("none"u8, 1, down: false, out _));
    }

    [Fact]
    public void Flush_LeavesNothing_AndItsBucketsCanBeUsed()
    {
        using var memory = new CacheMemory();
        ItemStore store = memory.Open();
        for (int number = 0; number < 100; number++)
        {
            store.Store(Encoding.UTF8.GetBytes($"k{number}"), "v"u8, 0, 0);
        }

        store.Flush();

        Assert.Equal(0, store.Count);
        Assert.False(store.TryGet("k1"u8, out _));
        Assert.Equal(StoreOutcome.Stored, store.Store("k1"u8, "w"u8, 0, 0));
        Assert.Equal(1, memory.Open().Count);
        Assert.False(memory.Open().TryGet("k2"u8, out _));
        Assert.True(store.Delete("k1"u8));
        Assert.False(store.TryGet("k1"u8, out _));
    }

    [Fact]
    public void Commands_AllocateNothing()
    {
        using var memory = new CacheMemory();
        ItemStore store = memory.Open();
        byte[] value = new byte[1000];
        Assert.Equal(0, Allocation.Of(Run));

        void Run()
        {
            for (int number = 0; number < 30_000; number++)
            {
                store.Store("key"u8, value, 0, 0);
                store.TryGet("key"u8, out _);
                store.Extend("key"u8, "x"u8, inFront: false);
                store.Delete("key"u8);
            }
        }
    }
}

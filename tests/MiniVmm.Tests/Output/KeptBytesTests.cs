using LuoInterop.Tests.Shared;
using MiniVmm.Output;
using Xunit;

namespace MiniVmm.Tests.Output;

public class KeptBytesTests
{
    /// <summary>Whatever is added and taken, the last bytes are kept, as a list keeps them.</summary>
    [Fact]
    public void LastBytes_AreKept_InTheirOrder()
    {
        const int Capacity = 16;
        var random = new Random(1);
        var kept = new KeptBytes(Capacity);
        List<byte> all = [];
        byte next = 0;
        for (int i = 0; i < 2000; i++)
        {
            byte[] piece = [.. Enumerable.Range(0, random.Next(3 * Capacity)).Select(_ => next++)];
            kept.Add(piece);
            all.AddRange(piece);
            Assert.Equal(Math.Min(all.Count, Capacity), kept.Count);
            if (random.Next(3) == 0)
            {
                Assert.Equal(all.TakeLast(Capacity), kept.Take());
                Assert.Equal(0, kept.Count);
                all.Clear();
            }
        }
    }

    [Fact]
    public void Add_AllocatesNothing()
    {
        var kept = new KeptBytes(64);
        byte[] piece = new byte[50];
        Assert.Equal(0, Allocation.Of(() =>
        {
            for (int i = 0; i < 100; i++)
            {
                kept.Add(piece);
            }
        }));
    }
}

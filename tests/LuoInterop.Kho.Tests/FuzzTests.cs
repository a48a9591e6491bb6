using LuoInterop.Arrays;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho.Tests;

/// <summary>Decodes damaged bytes: only named outcomes, and work that the input's size bounds.</summary>
public class FuzzTests
{
    private const int Rounds = 4000;

    /// <summary>Gets the seeds that always run, and a fresh one, which the test's name shows when it fails.</summary>
    public static TheoryData<int> Seeds => [1, 2, 3, 7, 0x7f454c46, Random.Shared.Next()];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Trees_AreReadOrNamed(int seed)
    {
        var random = new Random(seed);
        byte[][] valid = [GoldenFdt.WithLuo, GoldenFdt.WithMetadata, GoldenFdt.LuoV1, GoldenFdt.Finished, GoldenFdt.KhoV1WithLuo];
        int read = 0;
        for (int round = 0; round < Rounds; round++)
        {
            byte[] bytes = Damage(random, valid[random.Next(valid.Length)]);
            try
            {
                long before = GC.GetAllocatedBytesForCurrentThread();
                KhoFdt fdt = KhoFdt.Read(bytes);
                Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4096 + (64L * bytes.Length));
                Assert.InRange(fdt.Available, KhoFdtHeader.Size, bytes.Length);
                Assert.True(fdt.IsTruncated || fdt.IsComplete);
                read++;
            }
            catch (KhoFormatException error)
            {
                Assert.Equal(Errno.EINVAL, error.Errno);
                Assert.NotEmpty(error.Message);
            }

            KhoReading<KhoTree> tree = KhoTreeDecoder.Decode(bytes);
            Assert.Contains(tree.State, (KhoState[])[KhoState.Present, KhoState.Truncated, KhoState.UnknownFormat, KhoState.Malformed]);
            Assert.True(tree.State == KhoState.Present ? tree.Value.PreservedMemoryMap is not null : tree.Detail.Length > 0);
        }

        // The damage must not be so heavy that nothing but the header's check is met.
        Assert.InRange(read, Rounds / 20, Rounds);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void LuoBlobs_AreReadOrNamed(int seed)
    {
        var random = new Random(seed);
        byte[][] valid = [GoldenFdt.LuoV1, KhoFolder.Luo(3), KhoFolder.Luo(3, "luo-v4"), KhoFolder.ElfHeader];
        for (int round = 0; round < Rounds; round++)
        {
            byte[] bytes = Damage(random, valid[random.Next(valid.Length)]);
            KhoReading<LuoState> outgoing = LuoStateDecoder.Decode(bytes, KhoDirection.Out);
            KhoReading<LuoState> incoming = LuoStateDecoder.Decode(bytes, KhoDirection.In);
            Assert.Contains(
                outgoing.State, (KhoState[])[KhoState.Present, KhoState.Truncated, KhoState.UnknownFormat, KhoState.Malformed]);
            Assert.Equal(outgoing.State == KhoState.Malformed ? KhoState.Stale : outgoing.State, incoming.State);
            Assert.Equal(outgoing.State == KhoState.Present, outgoing.HasValue);
            Assert.True(!outgoing.HasValue || (outgoing.Value.LiveUpdateNumber > 0 && outgoing.Value.Compatible is "luo-v1" or "luo-v5"));
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Memory_IsReadOrNamed_WithBoundedReads(int seed)
    {
        var random = new Random(seed);
        for (int round = 0; round < 200; round++)
        {
            var memory = new PhysicalPages();
            ulong[] blocks = memory.Allocate(4);
            KhoBlockChain<LuoFileSer>.Write(memory, blocks, [.. Enumerable.Repeat(new LuoFileSer("memfd-v2", 0x1000, 1), 200)]);
            KhoVmalloc descriptor = KhoVmallocList.Write(
                memory, memory.Allocate(3), [.. Enumerable.Range(1, 1100).Select(static i => (ulong)i << 12)]);
            var tree = new KhoRadixTree(memory, memory.Allocate(), memory.Allocate);
            for (int i = 0; i < 20; i++)
            {
                Assert.Equal(Errno.None, tree.Add((ulong)random.Next(1 << 20) << 12, random.Next(12)));
            }

            var chunks = new List<ulong>();
            KhoserMemMap.Bitmap[] bitmaps =
            [
                .. Enumerable.Range(0, 300).Select(i => new KhoserMemMap.Bitmap(i / 150, (ulong)i % 150, memory.Allocate())),
            ];
            Assert.Equal(Errno.None, KhoserMemMap.Write(memory, bitmaps, memory.Allocate, chunks));
            ulong[] pages = [.. memory.Addresses];
            for (int i = random.Next(1, 12); i > 0; i--)
            {
                // Mostly links to pages that are there, which is what makes circles, in the words that are links.
                byte[] page = memory[pages[random.Next(pages.Length)]];
                int offset = random.Next(3) == 0 ? random.Next(512) * 8 : random.Next(3) * 8;
                ulong word = random.Next(4) == 0 ? (ulong)random.NextInt64() : pages[random.Next(pages.Length)];
                BitConverter.TryWriteBytes(page.AsSpan(offset), word);
            }

            Bounded(memory, 8 * pages.Length, () => KhoBlockChain<LuoFileSer>.Read(memory, blocks[0]));
            Bounded(memory, 2 * pages.Length, () => KhoVmallocList.Read(memory, descriptor));
            Bounded(memory, pages.Length, () => Assert.InRange(KhoserMemMap.Pieces(memory, chunks[0]).Count(), 0, 32768 * pages.Length));
            Bounded(memory, 513 * pages.Length, () => Assert.InRange(tree.Pieces().Count(), 0, 32768 * pages.Length));
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Arrays_AreReadOrNamed_WithBoundedReads(int seed)
    {
        var random = new Random(seed);
        int whole = 0;
        for (int round = 0; round < 400; round++)
        {
            var memory = new PhysicalPages();
            var sparse = new KhoArrayWriter(memory, memory.Allocate);
            var list = new MemfdLuoFolioWriter(memory, memory.Allocate);
            ulong position = 0;
            for (int i = 0; i < 600; i++)
            {
                position += (ulong)random.Next(1, 100);
                Assert.Equal(Errno.None, sparse.Add(position, new KhoArrayFolio((ulong)i, 3).ToEntry()));
                Assert.Equal(Errno.None, list.Add(new MemfdLuoFolioSer((ulong)i, 3, position)));
            }

            KhoArray array = sparse.Complete();
            Assert.Equal(Errno.None, list.Complete(out KhoVmalloc descriptor));
            ulong[] pages = [.. memory.Addresses];
            for (int i = random.Next(1, 6); i > 0; i--)
            {
                // Mostly the links and positions at the beginning of pages that are linked.
                byte[] page = memory[pages[random.Next(pages.Length)]];
                int offset = random.Next(3) == 0 ? random.Next(512) * 8 : random.Next(2) * 8;
                ulong word = random.Next(3) switch
                {
                    0 => (ulong)random.NextInt64(),
                    1 => (ulong)random.Next(100_000),
                    _ => pages[random.Next(pages.Length)],
                };
                BitConverter.TryWriteBytes(page.AsSpan(offset), word);
            }

            Bounded(memory, 2 * pages.Length, () =>
            {
                var reader = new KhoArrayReader(memory, array);
                ulong last = 0;
                for (int count = 0; reader.TryRead(out ulong found, out KhoArrayEntry entry); count++, last = found)
                {
                    Assert.True(count == 0 || found > last);
                    Assert.False(entry.IsEmpty);
                    Assert.InRange(count, 0, KhoArrayPage.KA_PAGE_NR_ENTRIES * pages.Length);
                }

                whole++;
            });
            ulong claimed = random.Next(4) == 0 ? (ulong)random.NextInt64() : 600;
            Bounded(memory, 2 * pages.Length, () =>
            {
                var reader = new MemfdLuoFolioReader(memory, descriptor, claimed);
                int count = 0;
                while (reader.TryRead(out _))
                {
                    count++;
                }

                Assert.Equal(claimed, (ulong)count);
            });
        }

        // The damage must not be so heavy that nothing is read to its end, nor so light that nothing is refused.
        Assert.InRange(whole, 10, 390);
    }

    private static void Bounded(PhysicalPages memory, long most, Action read)
    {
        long before = memory.Reads;
        try
        {
            read();
        }
        catch (KhoFormatException error)
        {
            Assert.NotEmpty(error.Message);
        }

        Assert.InRange(memory.Reads - before, 0, most);
    }

    private static byte[] Damage(Random random, byte[] valid)
    {
        var bytes = new List<byte>(valid);
        for (int i = random.Next(0, 4); i > 0 && bytes.Count > 4; i--)
        {
            int at = random.Next(bytes.Count - 3);
            switch (random.Next(7))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    // A small big-endian word, aligned: tokens, lengths and offsets.
                    at &= ~3;
                    bytes[at] = bytes[at + 1] = 0;
                    bytes[at + 2] = (byte)random.Next(2);
                    bytes[at + 3] = (byte)random.Next(256);
                    break;
                case 3:
                    bytes[at & ~3] = 0xff;
                    break;
                case 4:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 5:
                    bytes.AddRange(valid.Take(random.Next(64)));
                    break;
                default:
                    bytes.RemoveRange(at, random.Next(1, 4));
                    break;
            }
        }

        return [.. bytes];
    }
}

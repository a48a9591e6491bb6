using LuoInterop.Kho.Abi;
using Xunit;

namespace LuoInterop.MemoryImages.Tests;

/// <summary>Writes a handover of one large memory file, all of zeros, into a sparse file.</summary>
internal static class LargeMemory
{
    private const ulong First = 16UL << 20;
    private const int Order = 9;

    /// <summary>Writes it: records from 16 MiB on, folios of 2 MiB from 8 GiB on.</summary>
    public static void Write(Stream file, ulong size)
    {
        var memory = new StreamMemory(file, First);
        ulong fdt = memory.Allocate();
        var tree = new KhoRadixTree(memory, memory.Allocate(), memory.Allocate);
        var folios = new MemfdLuoFolioWriter(memory, memory.Allocate);
        const ulong Start = 8UL << 30;
        for (ulong at = 0; at < size; at += 4096UL << Order)
        {
            Assert.Equal(Errno.None, tree.Add(Start + at, Order));
            Assert.Equal(Errno.None, folios.Add(new MemfdLuoFolioSer((Start + at) / 4096, 3, at / 4096)));
        }

        Assert.Equal(Errno.None, folios.Complete(out KhoVmalloc descriptor));
        ulong record = memory.Put(new MemfdLuoSer(0, size, 0, 0, size / (4096UL << Order), descriptor));
        ulong files = memory.Allocate();
        KhoBlockChain<LuoFileSer>.Write(memory, [files], [new LuoFileSer("memfd-v2", record, 1)]);
        ulong sessions = memory.Allocate();
        KhoBlockChain<LuoSessionSer>.Write(memory, [sessions], [new LuoSessionSer("vm", files, 1)]);
        ulong luo = memory.Put(new LuoSer("luo-v5", 1, sessions, 0));
        var root = new KhoRootFdt(tree.Root);
        Assert.Equal(Errno.None, root.AddSubtree("LUO", luo, LuoSer.Size));
        Assert.True(memory.TryWrite(fdt, root.ToArray()));
        Assert.Equal(Errno.None, tree.Add(fdt, 0));
    }

    private sealed class StreamMemory(Stream file, ulong next) : IPhysicalMemory
    {
        private ulong _next = next;

        public ulong Allocate()
        {
            _next += 4096;
            return _next;
        }

        public ulong Put<T>(T value)
            where T : struct, IKhoSer<T>
        {
            ulong address = Allocate();
            byte[] bytes = new byte[T.SerSize];
            value.Write(bytes);
            Assert.True(TryWrite(address, bytes));
            return address;
        }

        public bool TryRead(ulong physicalAddress, Span<byte> destination)
        {
            file.Position = (long)physicalAddress;
            return file.ReadAtLeast(destination, destination.Length, throwOnEndOfStream: false) == destination.Length;
        }

        public bool TryWrite(ulong physicalAddress, ReadOnlySpan<byte> source)
        {
            file.Position = (long)physicalAddress;
            file.Write(source);
            return true;
        }
    }
}

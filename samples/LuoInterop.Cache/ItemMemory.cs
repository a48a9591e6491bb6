using LuoInterop.Systemd;

namespace LuoInterop.Cache;

/// <summary>Is the memory of the items: from systemd's store if it has it, new otherwise, and stored before the first item is.</summary>
internal sealed class ItemMemory : IDisposable
{
    private const string Name = "items";

    private readonly Memfd _file;

    private ItemMemory(Memfd file, string origin)
    {
        _file = file;
        Origin = origin;
        Mapping = file.Map();
    }

    /// <summary>Where it came from, for <c>stats</c>.</summary>
    public string Origin { get; }

    public MemfdMapping Mapping { get; }

    public static ItemMemory Open(long bytes)
    {
        if (!FileDescriptorStore.TryOpen(out FileDescriptorStore? store, out FileDescriptorStoreException? whyNot))
        {
            Console.Error.WriteLine($"luo-cache: the items end with this process. {whyNot.Message}");
            return new ItemMemory(Memfd.Create(Kernel.Linux, Name, bytes), "new");
        }

        if (store.Received.TryTake(Name, out KernelHandle? received))
        {
            var kept = new Memfd(received);
            if (kept.Size == bytes)
            {
                return new ItemMemory(kept, "kept");
            }

            Console.Error.WriteLine($"luo-cache: the kept items are in {kept.Size} bytes and not in {bytes}; starting without them.");
            kept.Dispose();
        }

        Memfd file = Memfd.Create(Kernel.Linux, Name, bytes);
        store.Store(Name, file.Handle);
        return new ItemMemory(file, "new");
    }

    public void Dispose()
    {
        Mapping.Dispose();
        _file.Dispose();
    }
}

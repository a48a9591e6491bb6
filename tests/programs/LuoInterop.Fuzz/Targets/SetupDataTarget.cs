using LuoInterop.Kho.Abi;

namespace LuoInterop.Fuzz;

/// <summary>Reads the list of the boot protocol that names the handover, and the scratch areas.</summary>
internal sealed class SetupDataTarget() : MemoryTarget("setup-data", new Cost(65536, 4, 65536, 4))
{
    private const int ListOffset = 0x250;

    protected override void Build(Random random, MemoryBuilder memory)
    {
        ulong link = memory.Allocate() + ListOffset;
        for (int i = random.Next(3); i > 0; i--)
        {
            ulong other = memory.Allocate();
            memory.WriteWord(link, other);
            memory.WriteWord(other + 8, 3);
            link = other;
        }

        ulong page = memory.Allocate();
        int areas = random.Next(1, 8);
        memory.WriteWord(link, page);
        memory.WriteWord(page + 8, KhoSetupData.SETUP_KEXEC_KHO | ((ulong)KhoSetupData.Size << 32));
        memory.Write(page + 16, new KhoSetupData((ulong)random.NextInt64(), 4096, page + 1024, (ulong)(areas * KhoScratch.Size)));
        for (int i = 0; i < areas; i++)
        {
            memory.Write(page + 1024 + (ulong)(i * KhoScratch.Size), new KhoScratch((ulong)random.NextInt64(), (ulong)random.NextInt64()));
        }
    }

    protected override object Read(MemoryImage memory) =>
        KhoSetupData.Find(memory, MemoryImage.Base) is { } data
            ? data.ReadScratch(memory)
            : throw new KhoFormatException(KhoFormatError.BadLayout, "There is none.");
}

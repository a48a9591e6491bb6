using LuoInterop.Arrays;
using LuoInterop.Kho.Abi;
using LuoInterop.Kho.Previews;

namespace LuoInterop.Fuzz;

/// <summary>Reads each structure of fixed size of the handover.</summary>
internal sealed class StructureTarget() : FuzzTarget("structures")
{
    private static readonly Func<byte[], bool>[] All =
    [
        Keeps<GuestMemfdLuoFolioSer>, Keeps<GuestMemfdLuoSer>, Keeps<HugeMemfdFolioSer>, Keeps<HugeMemfdSer>, Keeps<HugetlbHstateSer>,
        Keeps<HugetlbPoolFolioSer>, Keeps<HugetlbPoolHstateSer>, Keeps<HugetlbPoolSer>, Keeps<HugetlbSer>, Keeps<KexecMetadata>,
        Keeps<KhoArray>,
        Keeps<KhoArrayPage>, Keeps<KhoBlockHeaderSer>, Keeps<KhoScratch>, Keeps<KhoSetupData>, Keeps<KhoVmalloc>, Keeps<KhoserMemBitmapPtr>,
        Keeps<KhoserMemChunkHdr>, Keeps<KvmLuoSer>, Keeps<LuoFileSer>, Keeps<LuoFlbHeaderSer>, Keeps<LuoFlbSer>, Keeps<LuoSer>,
        Keeps<LuoSessionHeaderSer>, Keeps<LuoSessionSer>, Keeps<MemfdLuoFolioSer>, Keeps<MemfdLuoSer>, Keeps<MemfdLuoSerV1>,
    ];

    public override Cost Limit => new(32768, 64);

    public override byte[] Generate(Random random)
    {
        var bytes = new byte[512];
        random.NextBytes(bytes.AsSpan(0, random.Next(bytes.Length)));
        "luo-v5\0\0"u8.CopyTo(bytes.AsSpan(random.Next(64)));
        return bytes;
    }

    // Each is read, or the bytes are too few for it, which is the only refusal.
    public override object? Parse(byte[] input)
    {
        var kept = new bool[All.Length];
        for (int i = 0; i < All.Length; i++)
        {
            try
            {
                kept[i] = All[i](input);
            }
            catch (KhoFormatException error) when (error.Error == KhoFormatError.Truncated && input.Length < 512)
            {
                kept[i] = true;
            }
        }

        return kept;
    }

    public override void Check(byte[] input, object parsed, bool isSound) =>
        Require(Array.TrueForAll((bool[])parsed, static kept => kept), "a structure is another when it is written and read again");

    private static bool Keeps<T>(byte[] input)
        where T : struct, IKhoSer<T>
    {
        T value = T.Read(input);
        Span<byte> bytes = stackalloc byte[T.SerSize];
        bytes.Fill(0x5a);
        value.Write(bytes);
        return T.Read(bytes).Equals(value);
    }
}

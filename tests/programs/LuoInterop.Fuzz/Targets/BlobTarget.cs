using LuoInterop.Kho;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Fuzz;

/// <summary>Reads the files of debugfs: KHO's tree, LUO's head in all forms, and the scratch areas.</summary>
internal sealed class BlobTarget() : FuzzTarget("debugfs")
{
    private readonly DeviceTreeTarget _trees = new();

    public override Cost Limit => new(16384, 256);

    public override IReadOnlyList<byte[]> Snippets { get; } = [
        "luo-v5\0\0"u8.ToArray(), "luo-v1\0"u8.ToArray(), "0x"u8.ToArray(), "\n"u8.ToArray(), "\r\n"u8.ToArray(),
        "0xffffffffffffffff\n"u8.ToArray()];

    public override byte[] Generate(Random random)
    {
        switch (random.Next(4))
        {
            case 0:
                var head = new byte[LuoSer.Size];
                new LuoSer("luo-v5", (ulong)random.NextInt64(1, long.MaxValue), Page(random), Page(random)).Write(head);
                return head;
            case 1:
                return new LuoFdtV1((ulong)random.NextInt64(1, long.MaxValue), Page(random), null).ToArray();
            case 2:
                return System.Text.Encoding.ASCII.GetBytes(
                    string.Concat(Enumerable.Range(0, random.Next(1, 9)).Select(_ => $"0x{random.NextInt64():x}\n")));
            default:
                return _trees.Generate(random);
        }
    }

    public override object? Parse(byte[] input) => new Blob(
        KhoTreeDecoder.Decode(input),
        LuoStateDecoder.Decode(input, KhoDirection.Out),
        LuoStateDecoder.Decode(input, KhoDirection.In),
        KhoDebugFs.DecodeScratch(input, input),
        ReservedMemoryDecoder.Decode(input));

    public override void Check(byte[] input, object parsed, bool isSound)
    {
        var blob = (Blob)parsed;
        Require(
            blob.Tree.State == KhoState.Present ? blob.Tree.Value.PreservedMemoryMap is not null : blob.Tree.Detail.Length > 0,
            "a tree without a map, or no reason");
        Require(
            blob.Incoming.State == (blob.Outgoing.State == KhoState.Malformed ? KhoState.Stale : blob.Outgoing.State),
            $"the outgoing head is {blob.Outgoing.State}, the incoming one {blob.Incoming.State}");
        if (blob.Outgoing is { State: KhoState.Present, Value: { Compatible: LuoSer.LUO_ABI_COMPATIBLE } luo })
        {
            var head = new byte[LuoSer.Size];
            new LuoSer(luo.Compatible, luo.LiveUpdateNumber, luo.Sessions, luo.Flbs).Write(head);
            Require(input.AsSpan().StartsWith(head), "the head is another when it is written again");
        }

        if (blob.Scratch.State == KhoState.Present)
        {
            string text = string.Concat(blob.Scratch.Value.Select(static area => $"0x{area.Address:x}\n"));
            byte[] bytes = System.Text.Encoding.ASCII.GetBytes(text);
            Require(
                KhoDebugFs.DecodeScratch(bytes, bytes).Value.SequenceEqual(blob.Scratch.Value),
                "the scratch areas are others when they are written and read again");
        }

        Require(
            blob.Reserved.HasValue || blob.Reserved.Detail.Length > 0,
            "reserved memory that is not there for no reason");
        Require(
            !isSound
                || blob.Tree.HasValue
                || blob.Outgoing.HasValue
                || blob.Scratch.HasValue
                || input.AsSpan().StartsWith((ReadOnlySpan<byte>)[0xd0, 0x0d, 0xfe, 0xed]),
            "a sound file is none of all");
    }

    private static ulong Page(Random random) => (ulong)random.NextInt64() & ~0xfffUL;

    private sealed record Blob(
        KhoReading<KhoTree> Tree,
        KhoReading<LuoState> Outgoing,
        KhoReading<LuoState> Incoming,
        KhoReading<IReadOnlyList<KhoScratchArea>> Scratch,
        KhoReading<IReadOnlyList<KhoReservedMemory>> Reserved);
}

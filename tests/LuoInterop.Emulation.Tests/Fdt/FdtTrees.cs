using System.Buffers.Binary;
using System.Text;

namespace LuoInterop.Emulation.Tests.Fdt;

/// <summary>Draws trees of each form: grammatical ones, and then damaged.</summary>
internal sealed class FdtTrees(Random random)
{
    private static readonly uint[] Numbers =
    [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 15, 16, 17, 18, 27, 28, 32, 36, 39, 40, 41, 56, 4088, 4096, 4100, 8192, 0x7ffffffe,
        0x7fffffff,
        0x80000000, 0xd00dfeed, 0x2ff20112, 0xfffffff0, 0xfffffff4, 0xfffffffc, 0xffffffff,
    ];

    private FdtTreeWriter _writer = new(17);

    public FdtTree Next()
    {
        FdtForm form = random.Next(10) switch { < 5 => FdtForm.KhoV4,
            5 => FdtForm.KhoV3,
            < 8 => FdtForm.KhoV1,
            8 => FdtForm.LuoWithFlb,
            _ => FdtForm.Luo };
        uint version = random.Next(16) switch { < 11 => 17, 11 => 16, 12 or 13 => 3, 14 => 2, _ => 20 };
        _writer = new FdtTreeWriter(version);
        WriteRoot(form);
        byte[] bytes = _writer.Finish(Rarely(4), Rarely(3) ? 8 * random.Next(8) : 0, Rarely(3) ? random.Next(64) : 0);
        if (form >= FdtForm.LuoWithFlb && Rarely(12))
        {
            Unfinish(bytes);
        }

        for (int i = random.Next(5); i > 0 && bytes.Length > 44; i--)
        {
            bytes = Damage(bytes);
        }

        // Mostly a page of its own, as kernels have it; at its end what lies behind is not mapped.
        int room = Math.Min(FdtTree.PageSize - bytes.Length, FdtTree.PageSize - 40);
        int offset = random.Next(8) switch { < 4 => 0, < 7 => room & ~7, _ => random.Next(room + 1) };
        return new FdtTree(form, (byte)(random.Next(4) switch { < 2 => 0, 2 => 0xaa, _ => 0xff }), offset, bytes);
    }

    private void WriteRoot(FdtForm form)
    {
        _writer.Begin("");
        if (form >= FdtForm.LuoWithFlb)
        {
            Properties(("compatible", Names("luo-v1")), ("liveupdate-number", Number()));
            Children(
                "luo-session", () => Properties(("compatible", Names("luo-session-v2")), ("luo-session-header", Number())),
                "luo-flb", () => Properties(("compatible", Names("luo-flb-v1")), ("luo-flb-header", Number())));
        }
        else
        {
            string compatible = form switch { FdtForm.KhoV4 => "kho-v4", FdtForm.KhoV3 => "kho-v3", _ => "kho-v1" };
            Action blob = form == FdtForm.KhoV1
                ? () => Properties(("fdt", Number()))
                : () => Properties(("preserved-data", Number()), ("blob-size", Number()));
            Properties(("compatible", Names(compatible)), ("preserved-memory-map", Number()));
            Children("LUO", blob, "kexec-metadata", blob);
        }

        if (Rarely(8))
        {
            Properties(("preserved-memory-map", Number()));
        }

        _writer.EndOfNode();
        if (!Rarely(10))
        {
            _writer.Token(FdtTreeWriter.End);
        }
    }

    private void Children(string first, Action writeFirst, string second, Action writeSecond)
    {
        for (int i = random.Next(1, 5); i > 0; i--)
        {
            bool one = random.Next(2) == 0;
            string name = one ? first : second;
            _writer.Begin(random.Next(12) switch { 0 => name + "@1", 1 => name + "/1", 2 => name[..^1], 3 => "", _ => name });
            (one ? writeFirst : writeSecond)();
            if (Rarely(8))
            {
                _writer.Begin(first);
                writeFirst();
                _writer.EndOfNode();
            }

            _writer.EndOfNode();
            Nops();
        }
    }

    private void Properties(params (string Name, byte[] Value)[] properties)
    {
        if (Rarely(3))
        {
            random.Shuffle(properties);
        }

        foreach ((string name, byte[] value) in properties)
        {
            Nops();
            if (Rarely(12))
            {
                _writer.Property(random.Next(2) == 0 ? "extra" : "x-" + name, new byte[random.Next(20)]);
            }

            if (!Rarely(40))
            {
                _writer.Property(name, value);
            }
        }

        Nops();
    }

    private void Nops()
    {
        while (Rarely(8))
        {
            _writer.Token(FdtTreeWriter.Nop);
        }
    }

    private byte[] Number()
    {
        byte[] bytes = new byte[Rarely(25) ? random.Next(17) : 8];
        random.NextBytes(bytes);
        return bytes;
    }

    // A list of names; the last one may lack its end.
    private byte[] Names(string name)
    {
        string list = random.Next(32) switch
        {
            0 or 1 => "other\0" + name + "\0",
            2 => name + "\0other\0",
            3 => name,
            4 or 5 => "a\0" + name,
            6 => name[..^1] + "\0",
            7 => name + "x\0",
            _ => name + "\0",
        };
        return Encoding.Latin1.GetBytes(list);
    }

    // As fdt_sw.c leaves a tree that is not finished: another magic, and names counted from the end of the strings backwards.
    private void Unfinish(byte[] bytes)
    {
        BinaryPrimitives.WriteUInt32BigEndian(bytes, 0x2ff20112);
        uint strings = Word(bytes, 12);
        uint size = Word(bytes, 32);
        SetWord(bytes, 12, strings + size);
        for (int i = 0; i + 2 < _writer.Words.Count; i++)
        {
            if (Word(bytes, _writer.Words[i]) == FdtTreeWriter.Prop && _writer.Words[i + 1] == _writer.Words[i] + 4)
            {
                int name = _writer.Words[i + 2];
                SetWord(bytes, name, Word(bytes, name) - size);
                i += 2;
            }
        }
    }

    private byte[] Damage(byte[] bytes)
    {
        int at = random.Next(bytes.Length - 3);
        switch (random.Next(12))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                return bytes;
            case 1:
                bytes[at] = (byte)random.Next(256);
                return bytes;
            case 2:
                // Names, and where they end.
                at = Array.FindIndex(bytes, at, static letter => letter != 0);
                bytes[Math.Max(at, 0)] = (byte)(random.Next(3) == 0 ? 0 : '@' + random.Next(64));
                return bytes;
            case 3:
                at = Array.IndexOf(bytes, (byte)0, at);
                bytes[Math.Max(at, 0)] = (byte)random.Next(1, 128);
                return bytes;
            case 4 or 5:
                SetWord(bytes, 4 * random.Next(10), Value(bytes));
                return bytes;
            case 6:
                return bytes[..Math.Max(44, at)];
            case 7:
                int other = random.Next(bytes.Length - 3) & ~3;
                (uint one, uint two) = (Word(bytes, at & ~3), Word(bytes, other));
                SetWord(bytes, at & ~3, two);
                SetWord(bytes, other, one);
                return bytes;
            case 8:
                at &= ~3;
                return random.Next(2) == 0
                    ? [.. bytes[..at], .. bytes[(at + 4)..]]
                    : [.. bytes[..at], 0, 0, 0, (byte)random.Next(10), .. bytes[at..]];
            default:
                int word = _writer.Words[random.Next(_writer.Words.Count)];
                if (word + 4 <= bytes.Length)
                {
                    SetWord(bytes, word, random.Next(3) == 0 ? (uint)random.Next(10) : Value(bytes));
                }

                return bytes;
        }
    }

    private uint Value(byte[] bytes) => random.Next(5) switch
    {
        0 => Word(bytes, 4 * random.Next(10)),
        1 => Word(bytes, 4 * random.Next(10)) + (uint)random.Next(-9, 10),
        2 => (uint)bytes.Length + (uint)random.Next(-9, 10),
        3 => (uint)random.Next(5000),
        _ => Numbers[random.Next(Numbers.Length)],
    };

    private bool Rarely(int oneOf) => random.Next(oneOf) == 0;

    private static uint Word(byte[] bytes, int offset) => BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(offset));

    private static void SetWord(byte[] bytes, int offset, uint value) => BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(offset), value);
}

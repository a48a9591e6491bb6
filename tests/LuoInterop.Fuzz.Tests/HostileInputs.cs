using System.Buffers.Binary;
using System.Text;
using LuoInterop.Kho.Abi;
using LuoInterop.VmTesting.Protocol;

namespace LuoInterop.Fuzz.Tests;

/// <summary>Makes inputs of any size that cost a parser as much as inputs of that size can.</summary>
internal static class HostileInputs
{
    public static readonly (string Target, string What, Func<int, byte[]> Make)[] All =
    [
        ("device-tree", "names of one place of a long string", static n => Tree(n, new string('a', n / 2) + "\0", static (_, _) => 0)),
        ("device-tree", "names of all places of a long string", static n =>
            Tree(n, new string('a', n / 2) + "\0", static (i, strings) => i % strings)),
        ("device-tree", "names of all places of strings of 31", static n =>
            Tree(n, string.Concat(Enumerable.Repeat(new string('a', 31) + "\0", n / 64)), static (i, strings) => i % strings)),
        ("device-tree", "empty properties of one name", static n => Tree(n, "p\0", static (_, _) => 0)),
        ("device-tree", "nodes", static n => Nodes(n)),
        ("debugfs", "scratch areas", static n => Repeat("0x1\n", n)),
        ("debugfs", "a tree's names", static n =>
            Tree(n, string.Concat(Enumerable.Repeat(new string('a', 31) + "\0", n / 64)), static (i, strings) => i % strings)),
        ("structures", "bytes", static n => Repeat("abc", n)),
        ("persistent-memory", "bytes", static n => Repeat("LUOMEM\r\n", n)),
        ("litmus", "lines", static n => Repeat("d = open => 0\n", n)),
        ("litmus", "empty lines", static n => Repeat("\n", n / 2)),
        ("litmus", "words of a line", static n => Text("write m 1 ", "a ", n)),
        ("litmus", "keys of a line", static n => Text("m = memfd ", "size=1 ", n)),
        ("litmus", "flags of a word", static n => Text("m = memfd flags=CLOEXEC", "|CLOEXEC", n)),
        ("litmus", "a quoted text", static n => Text("s = create_session d \"", "\\x41", n)),
        ("litmus", "an unclosed quote in every line", static n => Repeat("s = create_session d \"a\"\n", n)),
        ("litmus", "a word", static n => Text("", "a", n)),
        ("observations", "entries", static n =>
            Text("[", "{\"script\":0,\"line\":0,\"observed\":[]},", n, "{\"script\":0,\"line\":0,\"observed\":[]}]")),
        ("observations", "texts", static n => Text("[{\"script\":0,\"line\":0,\"observed\":[\"", "\\u20ac", n, "\"]}]")),
        ("observations", "members", static n => Members("[{", n, "}]")),
        ("bzimage", "a long file", Image),
        ("frames", "empty frames", static n => Frames(n, static sequence => new FrameBuilder(FrameType.Sync, 1, sequence))),
        ("frames", "events", static n => Frames(n, static sequence => new FrameBuilder(FrameType.Event, 1, sequence).Text("e"))),
        ("frames", "files that are begun", static n =>
            Frames(n, static sequence => new FrameBuilder(FrameType.FileBegin, 1, sequence).Text("f"))),
        ("frames", "lines", static n =>
            Frames(n, static sequence => new FrameBuilder(FrameType.Output, 1, sequence).Byte(1).Bytes("\n\n\n\n\n\n\n\n"u8))),
        ("machine-text", "digits of a release", static n => Text("7.", "3", n)),
        ("machine-text", "lines of meminfo", static n => Repeat("MemTotal: 1 kB\n", n)),
        ("machine-text", "empty lines", static n => Repeat("\n", n)),
        ("machine-text", "control groups", static n => Repeat("0::/a.service\n", n)),
        ("machine-text", "folders of a control group", static n => Text("0::", "/a.service", n)),
        ("machine-text", "sizes of scratch memory", static n => Text("1M", ",1M", n)),
        ("machine-state", "empty vCPUs", static n => MachineState([0x12, 0x00], n)),
        ("machine-state", "empty parts", static n => MachineState([0x1a, 0x00], n)),
        ("machine-state", "answers of CPUID", static n => MachineState([0x12, 0x02, 0x12, 0x00], n)),
        ("machine-state", "fields of one unknown number", static n => MachineState([0xc0, 0x3e, 0x01], n)),
        .. HostileCatalogues.All,
        .. HostileMemory.All,
        .. HostileDumps.All,
        .. HostileKernels.All,
    ];

    // A VM, a vCPU, and a field again and again, under the right checksum.
    private static byte[] MachineState(ReadOnlySpan<byte> field, int length)
    {
        byte[] state = new byte[length];
        "LUOKVMST"u8.CopyTo(state);
        Span<byte> payload = state.AsSpan(48);
        ((ReadOnlySpan<byte>)[0x0a, 0x00, 0x12, 0x00]).CopyTo(payload);
        int fields = (payload.Length - 4) / field.Length;
        for (int i = 0; i < fields; i++)
        {
            field.CopyTo(payload[(4 + (i * field.Length))..]);
        }

        return new MachineStateTarget().Reseal(state[..(52 + (fields * field.Length))]);
    }

    public static byte[] Repeat(string text, int length) => Text("", text, length);

    public static byte[] Text(string before, string repeated, int length, string after = "") =>
        Encoding.UTF8.GetBytes(new StringBuilder(before)
            .Insert(before.Length, repeated, Math.Max(1, (length - before.Length - after.Length) / repeated.Length))
            .Append(after)
            .ToString());

    public static byte[] Members(string before, int length, string after)
    {
        var text = new StringBuilder(before);
        for (int i = 0; text.Length < length; i++)
        {
            text.Append(i == 0 ? "" : ",").Append('"').Append(i).Append("\":{}");
        }

        return Encoding.UTF8.GetBytes(text.Append(after).ToString());
    }

    // Half of the bytes are strings where they are long, the rest properties without a value.
    private static byte[] Tree(int length, string strings, Func<int, int, int> nameOf)
    {
        byte[] names = Encoding.Latin1.GetBytes(strings);
        int properties = (length - KhoFdtHeader.Size - 16 - names.Length - 20) / 12;
        var body = new List<uint> { KhoFdt.FDT_BEGIN_NODE, 0 };
        for (int i = 0; i < properties; i++)
        {
            body.AddRange([KhoFdt.FDT_PROP, 0, (uint)nameOf(i, names.Length)]);
        }

        body.AddRange([KhoFdt.FDT_END_NODE, KhoFdt.FDT_END]);
        return Finish(body, names);
    }

    private static byte[] Nodes(int length)
    {
        var body = new List<uint> { KhoFdt.FDT_BEGIN_NODE, 0 };
        for (int i = 0; i < (length / 12) - 10; i++)
        {
            body.AddRange([KhoFdt.FDT_BEGIN_NODE, 0, KhoFdt.FDT_END_NODE]);
        }

        body.AddRange([KhoFdt.FDT_END_NODE, KhoFdt.FDT_END]);
        return Finish(body, [0]);
    }

    private static byte[] Finish(List<uint> body, byte[] names)
    {
        uint start = KhoFdtHeader.Size + 16;
        uint size = (uint)body.Count * 4;
        var tree = new byte[start + size + names.Length];
        new KhoFdtHeader((uint)tree.Length, start, start + size, KhoFdtHeader.Size, 17, 16, 0, (uint)names.Length, size).Write(tree);
        for (int i = 0; i < body.Count; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(tree.AsSpan((int)start + (i * 4)), body[i]);
        }

        names.CopyTo(tree, start + size);
        return tree;
    }

    private static byte[] Frames(int length, Func<uint, FrameBuilder> make)
    {
        var bytes = new List<byte>(length);
        bytes.AddRange(
            new FrameBuilder(FrameType.Hello, 1, 1).UInt32(FrameFormat.ProtocolVersion).UInt32(1).UInt64(1).Text("7.3.4").Finish().Span);
        for (uint sequence = 2; bytes.Count < length; sequence++)
        {
            bytes.AddRange(make(sequence).Finish().Span);
        }

        return [.. bytes];
    }

    private static byte[] Image(int length)
    {
        using var image = new MemoryStream();
        Emulation.EmulatedKernelImage.Write(image);
        image.SetLength(length);
        return image.ToArray();
    }
}

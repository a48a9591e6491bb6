using System.Globalization;
using System.Text;
using LuoInterop.VmTesting.Initrd;
using Xunit;

namespace LuoInterop.VmTesting.Tests;

/// <summary>Reads back what is written; every VM test shows besides that the kernel unpacks it.</summary>
public sealed class CpioTests
{
    private sealed record Entry(string Name, uint Mode, uint Links, byte[] Content, uint Major, uint Minor);

    private static byte[] Write(Action<CpioWriter> add)
    {
        using MemoryStream stream = new();
        CpioWriter cpio = new(stream);
        add(cpio);
        cpio.Finish();
        return stream.ToArray();
    }

    private static List<Entry> Parse(byte[] archive)
    {
        List<Entry> entries = [];
        for (int at = 0; ;)
        {
            Assert.Equal("070701", Encoding.ASCII.GetString(archive, at, 6));
            uint[] f = [.. Enumerable.Range(0, 13)
                .Select(i => uint.Parse(
                    Encoding.ASCII.GetString(archive, at + 6 + (i * 8), 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
            string name = Encoding.UTF8.GetString(archive, at + 110, (int)f[11] - 1);
            Assert.Equal(0, archive[at + 110 + (int)f[11] - 1]);
            at = (at + 110 + (int)f[11] + 3) & ~3;
            byte[] content = archive[at..(at + (int)f[6])];
            at = (at + (int)f[6] + 3) & ~3;
            if (name == "TRAILER!!!")
            {
                Assert.Equal(archive.Length, at);
                return entries;
            }

            entries.Add(new Entry(name, f[1], f[4], content, f[9], f[10]));
        }
    }

    [Fact]
    public void Entries_ParseBack()
    {
        List<Entry> entries = Parse(Write(cpio =>
        {
            cpio.AddFolder("dev");
            cpio.AddCharacterDevice("dev/console", 5, 1);
            cpio.AddBlockDevice("dev/vda", 254, 1_048_575, 0x1b0);
            cpio.AddFile("empty", []);
            cpio.AddLink("link", "../some where");
            for (int length = 1; length <= 5; length++)
            {
                cpio.AddFile(new string('n', length), new byte[length], 0xfff);
            }

            cpio.AddFile("gr\u00fc\u00df", [1, 2, 3]);
        }));

        Assert.Equal(
            ["dev", "dev/console", "dev/vda", "empty", "link", "n", "nn", "nnn", "nnnn", "nnnnn", "gr\u00fc\u00df"],
            entries.Select(e => e.Name));
        Assert.Equal((0x41edu, 2u), (entries[0].Mode, entries[0].Links));
        Assert.Equal((0x2180u, 5u, 1u), (entries[1].Mode, entries[1].Major, entries[1].Minor));
        Assert.Equal((0x61b0u, 254u, 1_048_575u), (entries[2].Mode, entries[2].Major, entries[2].Minor));
        Assert.Equal((0xa1ffu, "../some where"), (entries[4].Mode, Encoding.UTF8.GetString(entries[4].Content)));
        Assert.Equal(0x8fffu, entries[7].Mode);
        Assert.Equal([1, 2, 3], entries[^1].Content);
    }

    [Fact]
    public void SameContent_GivesSameBytes() =>
        Assert.Equal(Write(cpio => cpio.AddFile("a", [1])), Write(cpio => cpio.AddFile("a", [1])));

    [Theory]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a//b")]
    [InlineData("./a")]
    [InlineData("dev/../a")]
    [InlineData("a\0b")]
    [InlineData("")]
    [InlineData("TRAILER!!!")]
    [InlineData("missing/a")]
    [InlineData("file/a")]
    [InlineData("file")]
    public void BadName_IsRefused(string name) => Assert.ThrowsAny<ArgumentException>(() => Write(cpio =>
    {
        cpio.AddFolder("dev");
        cpio.AddFile("file", []);
        cpio.AddFile(name, []);
    }));

    [Fact]
    public void OutOfRange_IsRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Write(cpio => cpio.AddFile("a", [], 0x1000)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Write(cpio => cpio.AddFile("a", [], -1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Write(cpio => cpio.AddCharacterDevice("a", 4096, 0)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Write(cpio => cpio.AddBlockDevice("a", 0, 1 << 20)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Write(cpio => cpio.AddBlockDevice("a", -1, 0)));
        Assert.Throws<ArgumentException>(() => Write(cpio => cpio.AddFile(new string('n', 4096), [])));
        Assert.Throws<ArgumentException>(() => Write(cpio => cpio.AddLink("a", "")));
        Assert.Throws<ArgumentException>(() => new CpioWriter(new MemoryStream([], writable: false)));
        Assert.Throws<ObjectDisposedException>(() => Write(cpio => cpio.Finish()));
    }
}

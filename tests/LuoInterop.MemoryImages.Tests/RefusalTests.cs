using System.Text;
using LuoInterop.Tests.Shared.ImageWriters;
using Xunit;

namespace LuoInterop.MemoryImages.Tests;

/// <summary>Names what is no image that is read.</summary>
public sealed class RefusalTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData("DISKDUMP", 0, "diskdump")]
    [InlineData("sadump\0\0", 0, "sadump")]
    [InlineData("\u00ed\u0023\u008f\u0061\u0073\u0001\u0019\u00a8", 0, "LKCD")]
    [InlineData("QFI\u00fb", 0, "qcow2")]
    [InlineData("QEVM", 0, "migration")]
    [InlineData("LibvirtQemudSave", 0, "libvirt")]
    [InlineData("PAGEDU64", 0, "Windows")]
    [InlineData("EMiL", 0, "LiME")]
    [InlineData("AVML", 0, "AVML")]
    [InlineData("S1SUSPEND\0", 4086, "hibernated")]
    [InlineData("LINHIB0001", 4086, "hibernated")]
    [InlineData("SWAPSPACE2", 4086, "swap")]
    [InlineData("\u001f\u008b", 0, "gzip")]
    [InlineData("\u0028\u00b5\u002f\u00fd", 0, "zstd")]
    public void OtherFormat_IsNamed(string magic, int offset, string name)
    {
        byte[] file = new byte[8192];
        Encoding.Latin1.GetBytes(magic, file.AsSpan(offset));
        Refused(file, MemoryImageError.UnsupportedFormat, name);
    }

    [Fact]
    public void ElfOfAnotherKind_IsNamed()
    {
        byte[] elf32 = ElfWriter.Header(0);
        elf32[4] = 1;
        Refused(elf32, MemoryImageError.UnsupportedFormat, "32-bit");
        byte[] big = ElfWriter.Header(0);
        big[5] = 2;
        Refused(big, MemoryImageError.UnsupportedFormat, "big-endian");
        byte[] program = ElfWriter.Header(0);
        program[16] = 2;
        Refused(program, MemoryImageError.UnsupportedFormat, "program");
        Refused(ElfWriter.Header(0), MemoryImageError.UnsupportedFormat, "no segment");
        byte[] note = ElfWriter.Note("CORE", 6, new byte[16]);
        Refused(
            [.. ElfWriter.Header(1), .. ElfWriter.Program(4, 120, 0, (ulong)note.Length, (ulong)note.Length), .. note],
            MemoryImageError.UnsupportedFormat, "core of a process");
        Refused(ElfWriter.Header(7), MemoryImageError.Truncated, "7 program headers");
    }

    [Fact]
    public void Kdump_ThatIsNotRead_IsNamed()
    {
        File.WriteAllBytes(_path, new byte[1 << 20]);
        var pages = new RawPages(_path);
        Refused(new KdumpWriter(pages) { Version = 7 }.Write(), MemoryImageError.UnsupportedFormat, "version 7");
        Refused(new KdumpWriter(pages) { Machine = "s390x" }.Write(), MemoryImageError.UnsupportedFormat, "s390x");
        Refused(new KdumpWriter(pages) { Split = 1 }.Write(), MemoryImageError.UnsupportedFormat, "--reassemble");
        byte[] whole = new KdumpWriter(pages).Write();
        Refused(whole[..100], MemoryImageError.Truncated, "cut off");
        Refused(whole[..8200], MemoryImageError.Truncated, "bitmap");
        byte[] blocks = [.. whole];
        blocks[428] = 1;
        Refused(blocks, MemoryImageError.Malformed, "blocks of");
    }

    [Fact]
    public void Flattened_OfSomethingElse_IsNamed()
    {
        byte[] raw = new byte[8192];
        raw[0] = 1;
        Refused(FlattenedWriter.Write(raw, new Random(1)), MemoryImageError.UnsupportedFormat, "neither");
        Refused(FlattenedWriter.Write(FlattenedWriter.Write(raw, new Random(1)), new Random(1)), MemoryImageError.Malformed, "flattened");
        byte[] version = FlattenedWriter.Write(raw, new Random(1));
        version[31] = 2;
        Refused(version, MemoryImageError.UnsupportedFormat, "version 2");
        Refused(version[..100], MemoryImageError.Truncated, "cut off");
    }

    [Fact]
    public void NothingAtAll_IsNamed() => Refused([], MemoryImageError.Truncated, "empty");

    [Fact]
    public void StreamThatCannotSeek_IsRefused()
    {
        using var pipe = new System.IO.Pipes.AnonymousPipeServerStream();
        Assert.Throws<ArgumentException>(() => MemoryImage.Open(pipe));
    }

    private void Refused(byte[] file, MemoryImageError error, string words)
    {
        File.WriteAllBytes(_path, file);
        foreach (Func<MemoryImage> open in
            (Func<MemoryImage>[])[() => MemoryImage.Open(_path), () => MemoryImage.Open(new MemoryStream(file))])
        {
            MemoryImageException refusal = Assert.Throws<MemoryImageException>(open);
            Assert.Equal(error, refusal.Error);
            Assert.Contains(words, refusal.Message, StringComparison.Ordinal);
        }
    }
}

using MiniVmm.Boot;
using MiniVmm.Memory;
using Xunit;

namespace MiniVmm.Tests.Boot;

/// <summary>Reads the table as mpparse.c does.</summary>
public sealed class MpTableTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(MpTable.MaxCpus)]
    public void Table_OfSomeCpus_NamesThemAndTheirInterrupts(int cpus)
    {
        using GuestRam ram = Guest.Ram(Guest.MiB);
        ram.At(MpTable.Address, MpTable.Room).Fill(0xcc);

        MpTable.Write(ram, cpus);

        // The kernel looks in the last KiB of 640 at every 16 bytes.
        Assert.Equal(639UL * 1024, MpTable.Address);
        Assert.Equal("_MP_"u8, ram.At(MpTable.Address, 4));
        Assert.Equal((1, 4), (ram.U8(MpTable.Address + 8), ram.U8(MpTable.Address + 9)));
        Assert.Equal(0, Sum(ram.At(MpTable.Address, 16)));
        Assert.Equal(0, ram.U8(MpTable.Address + 11));

        ulong table = ram.U32(MpTable.Address + 4);
        int length = ram.U16(table + 4);
        Assert.Equal("PCMP"u8, ram.At(table, 4));
        Assert.Equal(4, ram.U8(table + 6));
        Assert.Equal(0, Sum(ram.At(table, length)));
        Assert.Equal(0xfee0_0000u, ram.U32(table + 36));
        Assert.InRange(table + (ulong)length, table, MpTable.Address + MpTable.Room);

        List<byte[]> entries = [];
        for (int at = 44; at < length;)
        {
            int size = ram.U8(table + (ulong)at) == 0 ? 20 : 8;
            entries.Add(ram.At(table + (ulong)at, size).ToArray());
            at += size;
        }

        Assert.Equal(ram.U16(table + 34), entries.Count);
        byte[][] processors = [.. entries.Where(static entry => entry[0] == 0)];
        Assert.Equal(Enumerable.Range(0, cpus), processors.Select(static entry => (int)entry[1]));
        Assert.Equal(Enumerable.Range(0, cpus).Select(static i => i == 0 ? 3 : 1), processors.Select(static entry => (int)entry[3]));
        byte[] bus = Assert.Single(entries, static entry => entry[0] == 1);
        Assert.Equal([1, 0, .. "ISA   "u8], bus);
        byte[] ioApic = Assert.Single(entries, static entry => entry[0] == 2);
        Assert.Equal([2, (byte)cpus, 0x11, 1, 0, 0, 0xc0, 0xfe], ioApic);
        Assert.Equal(
            Enumerable.Range(0, 16).Select(irq => new byte[] { 3, 0, 0, 0, 0, (byte)irq, (byte)cpus, (byte)irq }),
            entries.Where(static entry => entry[0] == 3));
        Assert.Equal([[4, 3, 0, 0, 0, 0, 0, 0], [4, 1, 0, 0, 0, 0, 0xff, 1]], entries.Where(static entry => entry[0] == 4));
        Assert.Equal(cpus + 20, entries.Count);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(MpTable.MaxCpus + 1)]
    public void Table_OfNoOrTooManyCpus_IsRefused(int cpus)
    {
        using GuestRam ram = Guest.Ram(Guest.MiB);
        Assert.Throws<ArgumentOutOfRangeException>(() => MpTable.Write(ram, cpus));
    }

    private static byte Sum(ReadOnlySpan<byte> bytes)
    {
        byte sum = 0;
        foreach (byte value in bytes)
        {
            sum += value;
        }

        return sum;
    }
}

using MiniVmm.Boot;
using MiniVmm.Memory;
using Xunit;

namespace MiniVmm.Tests.Boot;

/// <summary>Proves that a walk of the page tables, as a processor does it, ends at the address itself.</summary>
public sealed class LongModeTests
{
    [Theory]
    [InlineData(64, 4)]
    [InlineData(3072, 4)]
    [InlineData(3073, 5)]
    [InlineData(8192, 9)]
    public void PageTables_MapEachAddressToItself(long mebibytes, int gibibytes)
    {
        using GuestRam ram = Guest.Ram(mebibytes * Guest.MiB);
        BootEntry entry = LongMode.Write(ram);

        for (ulong address = 0x12_3456; address < (ulong)gibibytes << 30; address += 2 << 20)
        {
            Assert.Equal(address, Walk(ram, entry.Cr3, address));
        }

        Assert.Null(Walk(ram, entry.Cr3, (ulong)gibibytes << 30));
        Assert.Equal(0xfee0_0000UL, Walk(ram, entry.Cr3, 0xfee0_0000));
    }

    [Fact]
    public void Gdt_HasFlatCodeAndData()
    {
        using GuestRam ram = Guest.Ram(Guest.MiB);
        BootEntry entry = LongMode.Write(ram);

        Assert.Equal(31, entry.GdtLimit);
        Assert.Equal(0UL, ram.U64(entry.GdtAddress));
        AssertFlat(ram.U64(entry.GdtAddress + LongMode.CodeSelector), type: 0xb, is64Bit: true);
        AssertFlat(ram.U64(entry.GdtAddress + LongMode.DataSelector), type: 0x3, is64Bit: false);
    }

    [Fact]
    public void TablesOfMuchRam_EndBelowTheCommandLine() =>
        Assert.InRange(LongMode.TablesEnd, LongMode.TopTable, LinuxBoot.CommandLine);

    private static ulong? Walk(GuestRam ram, ulong table, ulong address)
    {
        for (int shift = 39; ; shift -= 9)
        {
            ulong entry = ram.U64(table + (((address >> shift) & 0x1ff) * 8));
            if ((entry & 1) == 0)
            {
                return null;
            }

            Assert.Equal(2UL, entry & 2);
            table = entry & 0x000f_ffff_ffff_f000;
            if ((entry & 0x80) != 0)
            {
                Assert.Equal(21, shift);
                return table | (address & 0x1f_ffff);
            }
        }
    }

    // A descriptor's fields: SDM volume 3, figure 3-8.
    private static void AssertFlat(ulong descriptor, int type, bool is64Bit)
    {
        Assert.Equal(0xf_ffffUL, (descriptor & 0xffff) | ((descriptor >> 32) & 0xf_0000));
        Assert.Equal(0UL, ((descriptor >> 16) & 0xff_ffff) | ((descriptor >> 32) & 0xff00_0000));
        Assert.Equal(0x90 | type, (int)((descriptor >> 40) & 0xff));
        Assert.Equal(is64Bit ? 0xa : 0xc, (int)((descriptor >> 52) & 0xf));
    }
}

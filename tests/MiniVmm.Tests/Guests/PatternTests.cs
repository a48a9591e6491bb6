using Iced.Intel;
using MiniVmm.Boot;
using MiniVmm.Guests;
using MiniVmm.Memory;
using MiniVmm.Tests.Boot;
using Xunit;

namespace MiniVmm.Tests.Guests;

/// <summary>Proves that the check of the pattern tells what counting leaves from what it does not.</summary>
public sealed class PatternTests
{
    [Theory]
    [InlineData(64, 1)]
    [InlineData(64, 3)]
    [InlineData(3074, 4)]
    public void Ranges_OfSomeCpus_AreAllPagesOnce(long mebibytes, int cpus)
    {
        using GuestRam ram = Guest.Ram(mebibytes * Guest.MiB);

        PatternRange[] ranges = PatternGuest.RangesOf(ram, cpus);

        Assert.Equal(cpus, ranges.Length);
        HashSet<ulong> pages = [];
        foreach (PatternRange range in ranges)
        {
            for (long page = 0; page < range.Pages; page++)
            {
                Assert.True(pages.Add(range.AddressOf(page)));
            }
        }

        Assert.Equal((mebibytes - 2) * 256, pages.Count);
        Assert.Equal(PatternGuest.FirstPage, pages.Min());
        Assert.Equal(ram.Ranges[^1].End - 4096, pages.Max());
        Assert.All(pages, page => Assert.Equal(0UL, page % 4096));
    }

    [Fact]
    public void Ranges_OfTooLittleRam_AreRefused()
    {
        using GuestRam ram = Guest.Ram(2 * Guest.MiB);
        Assert.Throws<ArgumentException>(() => PatternGuest.RangesOf(ram, 1));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(3073)]
    public void Check_AtEachMomentOfCounting_TellsThePosition(long mebibytes)
    {
        using GuestRam ram = Guest.Ram(mebibytes * Guest.MiB);
        PatternRange[] ranges = PatternGuest.RangesOf(ram, 2);
        PatternRange range = ranges[0] with { LowEnd = ranges[0].LowStart + (20 * 4096) };
        PatternResult before = PatternCheck.Check(ram, range);
        Assert.Equal((0L, 256 * range.Pages, true), (before.Position, before.Modulus, before.IsIntact));

        // A bit more than 256 passes: the numbers wrap around.
        long limit = Math.Min((256 * range.Pages) + 50, 6000);
        for (long count = 1; count <= limit; count++)
        {
            ram.At(range.AddressOf((count - 1) % range.Pages), 1)[0]++;
            PatternResult after = PatternCheck.Check(ram, range);
            Assert.Null(after.Fault);
            Assert.Equal(1, after.Since(before));
            Assert.Equal(count % after.Modulus, after.Position);
            before = after;
        }
    }

    [Fact]
    public void Check_OfAPageThatIsOldOrLost_NamesIt()
    {
        using GuestRam ram = Guest.Ram(4 * Guest.MiB);
        PatternRange range = PatternGuest.RangesOf(ram, 1)[0];
        for (long page = 0; page < range.Pages; page++)
        {
            ram.At(range.AddressOf(page), 1)[0] = page < 100 ? (byte)0 : (byte)255;
        }

        PatternResult good = PatternCheck.Check(ram, range);
        Assert.Equal((255 * range.Pages) + 100, good.Position);
        foreach ((long page, byte wrong) in new (long, byte)[]
            { (50, 254), (50, 1), (200, 254), (200, 0), (99, 1), (range.Pages - 1, 0), (1, 77) })
        {
            byte right = ram.At(range.AddressOf(page), 1)[0];
            ram.At(range.AddressOf(page), 1)[0] = wrong;
            PatternResult bad = PatternCheck.Check(ram, range);
            Assert.False(bad.IsIntact);
            Assert.Equal(range.AddressOf(page), bad.WrongPage);
            Assert.Contains($"0x{bad.WrongPage:x}", bad.Fault, StringComparison.Ordinal);
            ram.At(range.AddressOf(page), 1)[0] = right;
        }

        // A page of before in the first half looks like an edge; the real one is then one too many.
        ram.At(range.AddressOf(50), 1)[0] = 255;
        Assert.Equal(range.AddressOf(51), PatternCheck.Check(ram, range).WrongPage);
    }

    [Fact]
    public void CheckAll_LooksAtEachRange()
    {
        using GuestRam ram = Guest.Ram(8 * Guest.MiB);
        PatternRange[] ranges = PatternGuest.RangesOf(ram, 3);
        ram.At(ranges[1].AddressOf(0), 1)[0]++;
        ram.At(ranges[2].AddressOf(9), 1)[0]++;

        PatternResult[] results = PatternCheck.CheckAll(ram, 3);

        Assert.Equal([(true, 0L), (true, 1L), (false, 0L)], results.Select(static result => (result.IsIntact, result.Position)));
        Assert.Equal(ranges[2].AddressOf(9), results[2].WrongPage);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Load_GivesEachCpuItsNumberAndItsRange(bool marks)
    {
        using GuestRam ram = Guest.Ram(64 * Guest.MiB);

        BootEntry[] entries = PatternGuest.Load(ram, 2, marks);

        PatternRange[] ranges = PatternGuest.RangesOf(ram, 2);
        Assert.Equal([0UL, 1UL], entries.Select(static entry => entry.Rdi));
        Assert.All(entries, static entry => Assert.Equal((GuestCode.Address, LongMode.TopTable), (entry.Rip, entry.Cr3)));
        for (int cpu = 0; cpu < 2; cpu++)
        {
            ulong at = 0x11_0000 + ((ulong)cpu * 64);
            Assert.Equal((ranges[cpu].LowStart, ranges[cpu].LowEnd), (ram.U64(at), ram.U64(at + 8)));
            Assert.Equal((ranges[cpu].HighStart, ranges[cpu].HighEnd), (ram.U64(at + 16), ram.U64(at + 24)));
            Assert.Equal(marks ? 1 : 0, ram.U8(at + 32));
        }

        Assert.All(PatternCheck.CheckAll(ram, 2), static result => Assert.True(result.IsIntact));
    }

    [Fact]
    public void Code_CountsAndMarks_AndNeverEnds()
    {
        Instruction[] code = Disassembly.Of(PatternGuest.Code().Code);

        Assert.Equal(2, code.Count(static one => one.Mnemonic == Mnemonic.Inc && one.MemorySize == MemorySize.UInt8));
        Assert.Equal(2, code.Count(static one => one.Mnemonic == Mnemonic.Add && one.Immediate32to64 == 4096));
        Assert.Single(code, static one => one.Mnemonic == Mnemonic.Out);
        Assert.Equal(Mnemonic.Jmp, code[^1].Mnemonic);
        Disassembly.AssertBranchesStayInside(code);
    }
}

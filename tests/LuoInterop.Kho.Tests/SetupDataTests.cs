using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho.Tests;

/// <summary>Looks for KHO's data in lists of setup_data, sound and broken.</summary>
public class SetupDataTests
{
    private const int ListOffset = 0x250;

    private readonly PhysicalPages _memory = new();
    private readonly ulong _bootParams;

    public SetupDataTests() => _bootParams = _memory.Allocate();

    [Fact]
    public void EmptyList_HasNone() => Assert.Null(KhoSetupData.Find(_memory, _bootParams));

    [Fact]
    public void Data_IsFound_BehindOtherEntries()
    {
        var data = new KhoSetupData(0x1000, 4096, 0x2000, 48);
        ulong kho = Entry(0, KhoSetupData.SETUP_KEXEC_KHO, KhoSetupData.Size);
        data.Write(_memory[kho].AsSpan(16));
        SetWord(_bootParams, ListOffset, Entry(Entry(kho, 9, 32), 4, 100));
        Assert.Equal(data, KhoSetupData.Find(_memory, _bootParams));
    }

    [Fact]
    public void ShortData_IsTruncated()
    {
        SetWord(_bootParams, ListOffset, Entry(0, KhoSetupData.SETUP_KEXEC_KHO, KhoSetupData.Size - 1));
        AssertError(KhoFormatError.Truncated);
    }

    [Fact]
    public void Circle_EndsByName()
    {
        ulong entry = Entry(0, 9, 32);
        SetWord(entry, 0, entry);
        SetWord(_bootParams, ListOffset, entry);
        AssertError(KhoFormatError.TooLarge);
    }

    [Theory]
    [InlineData(1UL << 50)]
    [InlineData(ulong.MaxValue)]
    public void EntryOutsideOfMemory_IsUnreadable(ulong address)
    {
        SetWord(_bootParams, ListOffset, address);
        AssertError(KhoFormatError.Unreadable);
    }

    [Theory]
    [InlineData(0UL, 0)]
    [InlineData(15UL, 0)]
    [InlineData(33UL, 2)]
    public void Scratch_IsReadAsFarAsWholeAreasGo(ulong size, int areas)
    {
        ulong array = _memory.Allocate();
        new KhoScratch(0x4000, 0x1000).Write(_memory[array]);
        new KhoScratch(0x8000, 0x2000).Write(_memory[array].AsSpan(16));
        KhoScratch[] read = new KhoSetupData(0, 0, array, size).ReadScratch(_memory);
        Assert.Equal(((KhoScratch[])[new(0x4000, 0x1000), new(0x8000, 0x2000)])[..areas], read);
    }

    [Theory]
    [InlineData(1UL << 50, 16UL, nameof(KhoFormatError.Unreadable))]
    [InlineData(0UL, ulong.MaxValue, nameof(KhoFormatError.TooLarge))]
    public void BadScratch_IsNamed(ulong address, ulong size, string error) => Assert.Equal(
        Enum.Parse<KhoFormatError>(error),
        Assert.Throws<KhoFormatException>(() => new KhoSetupData(0, 0, address, size).ReadScratch(_memory)).Error);

    private ulong Entry(ulong next, uint type, uint length)
    {
        ulong entry = _memory.Allocate();
        SetWord(entry, 0, next);
        SetWord(entry, 8, ((ulong)length << 32) | type);
        return entry;
    }

    private void SetWord(ulong page, int offset, ulong value) => BitConverter.TryWriteBytes(_memory[page].AsSpan(offset), value);

    private void AssertError(KhoFormatError error) =>
        Assert.Equal(error, Assert.Throws<KhoFormatException>(() => KhoSetupData.Find(_memory, _bootParams)).Error);
}

using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Faults;

/// <summary>Proves what the next kernel makes of folios that were damaged on the way.</summary>
public sealed class FolioFaultTests : IDisposable
{
    private const int Page = 4096;
    private const byte Poison = 0xaa;

    private readonly EmulatedMachine _machine = new(new EmulatedMachineOptions { LargestFolioOrder = 0 });
    private Descriptor? _session;

    public void Dispose()
    {
        _session?.Dispose();
        _machine.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2 * Page)]
    public void FolioThatWasNotPreserved_IsEioForEver_OthersAreNotTouched(long offset)
    {
        Start();
        InjectedFault fault = _machine.Faults.DamageFolio(FolioDamage.NotPreserved, 1, offset);
        EmulatedProcess next = _machine.Kexec();
        Assert.True(fault.HasFired);
        using Descriptor session = next.RetrieveSession(next.OpenDevice(), "s");
        Assert.Equal(EIO, next.TryRetrieve(session, 1, out _));
        Assert.Equal(EIO, next.TryRetrieve(session, 1, out _));
        using Descriptor sound = next.Retrieve(session, 2);
        Assert.Equal([3, 3], next.Content(sound, 2, (3 * Page) - 2));
        Assert.Equal(0, next.Finish(session));
    }

    [Fact]
    public void OverwrittenFolio_ComesBackWithOtherBytes_AlsoInASealedFile()
    {
        Start(SealSeal | SealShrink | SealGrow | SealWrite);
        InjectedFault fault = _machine.Faults.DamageFolio(FolioDamage.Overwritten, 1, Page + 5);
        EmulatedProcess next = _machine.Kexec();
        Assert.True(fault.HasFired);
        using Descriptor session = next.RetrieveSession(next.OpenDevice(), "s");
        using Descriptor file = next.Retrieve(session, 1);
        byte[] content = next.Content(file, 3 * Page);
        Assert.True(content.AsSpan(0, Page).IndexOfAnyExcept((byte)1) < 0);
        Assert.True(content.AsSpan(Page, Page).IndexOfAnyExcept(Poison) < 0);
        Assert.True(content.AsSpan(2 * Page).IndexOfAnyExcept((byte)3) < 0);
        Assert.Equal(SealSeal | SealShrink | SealGrow | SealWrite, next.Fcntl(file, F_GET_SEALS));
    }

    [Fact]
    public void PoisonedFolio_CannotBeRead_UpToItCan()
    {
        Start();
        _machine.Faults.DamageFolio(FolioDamage.HardwarePoisoned, 1, Page);
        EmulatedProcess next = _machine.Kexec();
        using Descriptor session = next.RetrieveSession(next.OpenDevice(), "s");
        using Descriptor file = next.Retrieve(session, 1);
        byte[] buffer = new byte[3 * Page];
        Assert.Equal(Page - 1, next.PRead(file, buffer, 1));
        Assert.Equal(EIO, next.PRead(file, buffer, Page));
        Assert.Equal(EIO, next.PRead(file, buffer, (2 * Page) - 1));
        Assert.Equal(Page, next.PRead(file, buffer, 2 * Page));
        Assert.Equal(0, next.PRead(file, buffer, 3 * Page));
        Assert.Equal(Page, next.LSeek(file, Page, SeekOrigin.Begin));
        Assert.Equal(EIO, next.Read(file, buffer));
    }

    [Fact]
    public void HugeFolio_IsDamagedWhole()
    {
        using var machine = new EmulatedMachine();
        EmulatedProcess kernel = machine.Boot();
        _session = kernel.Create(kernel.OpenDevice(), "s");
        using (Descriptor file = kernel.Memfd(size: (2 << 20) + Page))
        {
            Assert.Equal(1, kernel.PWrite(file, [9], 2 << 20));
            Assert.Equal(0, kernel.Preserve(_session, file.Fd, 1));
        }

        machine.Faults.DamageFolio(FolioDamage.Overwritten, 1, 5 * Page);
        EmulatedProcess next = machine.Kexec();
        using Descriptor session = next.RetrieveSession(next.OpenDevice(), "s");
        using Descriptor back = next.Retrieve(session, 1);
        Assert.True(next.Content(back, 2 << 20).AsSpan().IndexOfAnyExcept(Poison) < 0);
        Assert.Equal([9, 0], next.Content(back, 2, 2 << 20));
    }

    [Fact]
    public void DamageWithoutSuchAFolio_StaysArmed()
    {
        Start();
        InjectedFault noToken = _machine.Faults.DamageFolio(FolioDamage.Overwritten, 9);
        InjectedFault noPage = _machine.Faults.DamageFolio(FolioDamage.Overwritten, 1, 3 * Page);
        EmulatedProcess next = _machine.Kexec();
        using Descriptor session = next.RetrieveSession(next.OpenDevice(), "s");
        using Descriptor file = next.Retrieve(session, 1);
        Assert.Equal([1], next.Content(file, 1));
        Assert.False(noToken.HasFired || noPage.HasFired);
    }

    // Preserves two files of three pages, of ones, twos and threes.
    private void Start(int seals = 0)
    {
        EmulatedProcess kernel = _machine.Boot();
        _session = kernel.Create(kernel.OpenDevice(), "s");
        byte[] content = [.. Enumerable.Range(0, 3 * Page).Select(static i => (byte)((i / Page) + 1))];
        foreach (ulong token in (ulong[])[1, 2])
        {
            using Descriptor file = kernel.MemfdWith(content);
            Assert.Equal(0, kernel.Fcntl(file, F_ADD_SEALS, seals));
            Assert.Equal(0, kernel.Preserve(_session, file.Fd, token));
        }
    }
}

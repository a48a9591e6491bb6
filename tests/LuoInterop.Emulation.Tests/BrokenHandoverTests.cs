using System.Text;
using LuoInterop.Emulation.Kho;
using LuoInterop.Kho;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests;

/// <summary>Proves that the next kernel knows nothing but bytes: what is changed between the kernels, it meets.</summary>
public sealed class BrokenHandoverTests : IDisposable
{
    private readonly EmulatedMachine _machine = new();
    private readonly PhysicalMemory _memory;
    private readonly EmulatedProcess _first;

    public BrokenHandoverTests()
    {
        _first = _machine.Boot();
        _memory = _first.Running.Handover.Memory;
        Descriptor device = _first.OpenDevice();
        Descriptor session = _first.Create(device, "session-a");
        _first.Create(device, "session-b");
        Assert.Equal(0, _first.Preserve(session, _first.MemfdWith([1, 2, 3]).Fd, 7));
        Assert.Equal(0, _first.Load());
        Assert.Throws<EmulatedKexecException>(() => _first.Reboot(KexecCommand));
    }

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData("memfd-v2", "memfd-v9")]
    [InlineData("session-b", "session-a")]
    public void UnknownHandler_AndDuplicateNames_AreEioForEver(string old, string text)
    {
        Replace(old, text);
        EmulatedProcess kernel = _machine.Boot();
        Assert.Equal(EIO, kernel.Open("/dev/liveupdate", O_RDWR));
        Assert.Equal(EIO, kernel.Open("/dev/liveupdate", O_RDWR));
        Assert.Equal(EIO, kernel.StartProcess().Open("/dev/liveupdate", O_RDWR));

        // Nothing of it is carried on, and the boot after that is sound.
        EmulatedProcess next = _machine.Kexec();
        using Descriptor device = next.OpenDevice();
    }

    [Fact]
    public void FileCountThatDoesNotMatch_IsEio()
    {
        Span<byte> record = Find("session-a");
        record[72] = 2;
        Assert.Equal(EIO, _machine.Boot().Open("/dev/liveupdate", O_RDWR));
    }

    [Fact]
    public void OtherLuoFormat_Panics()
    {
        Replace("luo-v5", "luo-v4");
        EmulatedKernelPanicException panic = Assert.Throws<EmulatedKernelPanicException>(_machine.Boot);
        Assert.Contains("[-22]", panic.Message, StringComparison.Ordinal);
        using Descriptor device = _machine.Boot().OpenDevice();
    }

    [Fact]
    public void OtherKhoFormat_LosesEverythingSilently()
    {
        Replace("kho-v4", "kho-v3");
        EmulatedProcess kernel = _machine.Boot();
        Assert.Equal("7.3.5-next", kernel.Release);
        using Descriptor device = kernel.OpenDevice();
        Assert.Equal(ENOENT, kernel.TryRetrieveSession(device, "session-a", out _));
        Assert.Empty(_memory.Folios);
        Assert.Equal(1UL, BitConverter.ToUInt64(kernel.ReadFile("/sys/kernel/debug/kho/out/sub_fdts/LUO"), 8));
    }

    [Fact]
    public void SessionsAddressOutsideOfMemory_PanicsAtBoot()
    {
        BitConverter.TryWriteBytes(Find("luo-v5")[16..], 1UL << 60);
        Assert.Contains("page fault", Assert.Throws<EmulatedKernelPanicException>(_machine.Boot).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FileDataOutsideOfMemory_PanicsAtRetrieve_AndTheMachineIsOff()
    {
        BitConverter.TryWriteBytes(Find("memfd-v2")[48..], 1UL << 60);
        EmulatedProcess kernel = _machine.Boot();
        Descriptor session = kernel.RetrieveSession(kernel.OpenDevice(), "session-a");
        Assert.Throws<EmulatedKernelPanicException>(() => kernel.TryRetrieve(session, 7, out _));
        Assert.False(_machine.IsRunning);
        Assert.Throws<EmulatedRebootException>(() => kernel.Open("/dev/liveupdate", O_RDWR));
        Assert.Equal("7.3.4-emulated", _machine.Boot().Release);
    }

    [Fact]
    public void PageThatWasNotPreserved_IsLost()
    {
        // The block of sessions goes out of the radix tree, and its page with it; what is found there is no address.
        _first.Running.Handover.UnpreserveFree(BitConverter.ToUInt64(Find("luo-v5")[16..]));
        EmulatedKernelPanicException panic = Assert.Throws<EmulatedKernelPanicException>(_machine.Boot);
        Assert.Contains("page fault", panic.Message, StringComparison.Ordinal);
    }

    private Span<byte> Find(string text)
    {
        foreach (ulong pfn in _memory.PopulatedPages())
        {
            int at = _memory.Page(pfn).IndexOf(Encoding.ASCII.GetBytes(text));
            if (at >= 0)
            {
                return _memory.Page(pfn)[at..];
            }
        }

        throw new InvalidOperationException($"'{text}' is nowhere in memory.");
    }

    private void Replace(string old, string text) => Encoding.ASCII.GetBytes(text, Find(old));
}

using LuoInterop.Kho;
using Xunit;

namespace LuoInterop.Contract.Probes;

/// <summary>Probes of a kernel that was booted without liveupdate=on.</summary>
public static class WithoutLiveUpdate
{
    public static void Device_IsMissing_AndTheReasonIsLiveUpdateOff()
    {
        Assert.False(LiveUpdateDevice.TryOpen(Kernel.Linux, out _, out LiveUpdateAvailability availability));
        Assert.Equal((LiveUpdateUnavailableReason.LiveUpdateOff, Errno.ENOENT), (availability.Reason, availability.Errno));
        Assert.Contains("liveupdate=on", availability.Advice, StringComparison.Ordinal);
        KernelException error = Assert.Throws<KernelException>(() => LiveUpdateDevice.Open(Kernel.Linux));
        Assert.Contains("liveupdate=on", error.Message, StringComparison.Ordinal);
    }

    public static void DebugFs_HasNoLuo()
    {
        KhoReading<LuoState> reading = new KhoDebugFs(Kernel.Linux).ReadLuo(KhoDirection.Out);
        Assert.Equal((KhoState.Absent, KhoAbsence.LiveUpdateOff), (reading.State, reading.Absence));
    }
}

/// <summary>Probes of a kernel that was booted with kho=off.</summary>
public static class WithoutKho
{
    public static void Device_IsMissing_AndTheReasonIsKhoOff()
    {
        Assert.False(LiveUpdateDevice.TryOpen(Kernel.Linux, out _, out LiveUpdateAvailability availability));
        Assert.Equal(LiveUpdateUnavailableReason.KhoOff, availability.Reason);
        Assert.Contains("kho=on", availability.Advice, StringComparison.Ordinal);
    }

    public static void DebugFs_SaysThatKhoIsOff()
    {
        KhoReading<KhoTree> reading = new KhoDebugFs(Kernel.Linux).ReadTree(KhoDirection.Out);
        Assert.Equal((KhoState.Absent, KhoAbsence.KhoOff), (reading.State, reading.Absence));
    }
}

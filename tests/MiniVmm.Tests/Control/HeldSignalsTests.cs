using MiniVmm.Control;
using MiniVmm.Tests.Updates;
using Tmds.Linux;
using Xunit;

namespace MiniVmm.Tests.Control;

/// <summary>Shows that no signal ends a process that has not begun to take signals.</summary>
[Collection(Alone.Name)]
public sealed unsafe class HeldSignalsTests
{
    private static readonly int s_signal = LibC.SIGHUP;

    [Fact]
    public void HangUp_IsIgnored_UntilSignalsAreTaken()
    {
        // Tests before this one may take it, and whoever started them may ignore it: then it stays so.
        bool isDefault = IsAction(LibC.SIG_DFL);
        bool isIgnored = IsAction(LibC.SIG_IGN);
        HeldSignals.Hold();
        Assert.Equal(isDefault || isIgnored, IsAction(LibC.SIG_IGN));

        HeldSignals.Hold();
        HeldSignals.Release();
        Assert.Equal(isDefault, IsAction(LibC.SIG_DFL));
        Assert.Equal(isIgnored, IsAction(LibC.SIG_IGN));
    }

    private static bool IsAction(void* action)
    {
        sigaction now = default;
        Assert.Equal(0, LibC.sigaction(s_signal, null, &now));
        return now.sa_handler == action;
    }
}

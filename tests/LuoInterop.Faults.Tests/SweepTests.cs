using LuoInterop.Emulation;
using Xunit.Abstractions;

namespace LuoInterop.Faults.Tests;

/// <summary>Lets every single fault meet the demo: each call with each error number, deaths, power cuts, memory, handlers and folios.</summary>
public sealed class SweepTests
{
    private const ulong CatalogueToken = 0, RamToken = 1, StateToken = 2;

    private readonly Sweep _sweep;

    public SweepTests(ITestOutputHelper output) => _sweep = new Sweep(output);

    [Fact]
    public void EveryCall_RefusedWithEveryErrno()
    {
        foreach (KernelCall call in Enum.GetValues<KernelCall>().Where(static call => call != KernelCall.Any))
        {
            for (int n = 1; n <= Count(faults => faults.CountCalls(call)); n++)
            {
                foreach (Errno errno in Errnos.Of(call))
                {
                    int nth = n;
                    _sweep.Run(faults => faults.FailCall(call, errno, nth));
                }
            }
        }

        _sweep.Report("calls refused", atLeast: 300);
    }

    [Fact]
    public void EveryAnswer_ThatCannotBeCopiedBack()
    {
        for (KernelCall call = KernelCall.CreateSession; call <= KernelCall.GetName; call++)
        {
            for (int n = 1; n <= Count(faults => faults.CountCalls(call)); n++)
            {
                KernelCall ioctl = call;
                int nth = n;
                _sweep.Run(faults => faults.FailCopyBack(ioctl, nth));
            }
        }

        _sweep.Report("answers lost", atLeast: 10);
    }

    [Fact]
    public void Death_AtEveryCall()
    {
        for (int n = 1; n <= Count(static faults => faults.CountCalls()); n++)
        {
            int nth = n;
            _sweep.Run(faults => faults.KillProcess(nth: nth), static ending => Assert.True(ending.WasKilled));
        }

        _sweep.Report("deaths of the process", atLeast: 60);
    }

    [Fact]
    public void PowerCut_AtEveryCall()
    {
        for (int n = 1; n <= Count(static faults => faults.CountCalls()); n++)
        {
            int nth = n;
            _sweep.Run(faults => faults.CutPower(nth: nth), static ending => Assert.True(ending.Passed));
        }

        _sweep.Report("power cuts", atLeast: 60);
    }

    [Fact]
    public void EveryAllocation()
    {
        for (int n = 1; n <= Count(static faults => faults.CountAllocations()); n++)
        {
            int nth = n;
            _sweep.Run(faults => faults.FailAllocation(nth: nth));
        }

        _sweep.Report("allocations", atLeast: 50);
    }

    [Fact]
    public void EveryHandler_OfEveryFile()
    {
        foreach (ulong token in (ulong[])[CatalogueToken, RamToken, StateToken])
        {
            foreach (FileOperation operation in Enum.GetValues<FileOperation>())
            {
                foreach (Errno errno in (Errno[])[Errno.EIO, Errno.ENOMEM, Errno.EBUSY, Errno.EAGAIN])
                {
                    string expected = operation switch
                    {
                        FileOperation.Preserve => "PRESERVE_FD",
                        FileOperation.Freeze => "reboot(KEXEC)",
                        _ => "RETRIEVE_FD",
                    };
                    _sweep.Run(
                        faults => faults.FailHandler(operation, errno, token: token),
                        ending =>
                        {
                            var refused = Assert.IsType<KernelException>(ending.Error);
                            Assert.Equal((errno, expected), (refused.Errno, refused.Operation));
                        });
                }
            }
        }

        _sweep.Run(
            static faults => faults.OmitMemfdHandler(),
            static ending => Assert.Equal(Errno.EIO, Assert.IsType<KernelException>(ending.Error).Errno));
        _sweep.Report("handlers", atLeast: 37);
    }

    [Fact]
    public void EveryFolio_OfEveryFile()
    {
        foreach ((ulong token, long size) in ((ulong, long)[])[(CatalogueToken, 128 << 10), (RamToken, DemoMachine.RamSize), (StateToken, 4096)])
        {
            foreach (FolioDamage damage in Enum.GetValues<FolioDamage>())
            {
                for (long offset = 0; offset < size; offset += 4096)
                {
                    long at = offset;
                    _sweep.Run(
                        faults => faults.DamageFolio(damage, token, at),
                        static ending => Assert.False(ending.Passed, "passed with a damaged folio"));
                }
            }
        }

        _sweep.Report("folios", atLeast: 147);
    }

    private static long Count(Func<FaultInjection, long> count)
    {
        using var demo = new DemoMachine();
        long before = count(demo.Faults);
        Assert.True(demo.Run().Passed);
        return count(demo.Faults) - before;
    }
}

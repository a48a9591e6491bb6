using System.Runtime.CompilerServices;
using Tmds.Linux;

namespace LuoInterop.VmBenchmarks;

/// <summary>Measures the cheapest system call there is: what every call into the kernel costs at least.</summary>
internal sealed class SystemCallCycle : ICallCycle
{
    public IReadOnlyList<string> Operations { get; } = ["getppid"];

    public int Calls => 512;

    public void Native(long[] nanoseconds) => nanoseconds[0] = Twins.twin_getppid(Calls);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Managed(CallTimer timer)
    {
        timer.Start();
        for (int i = 0; i < Calls; i++)
        {
            _ = LibC.getppid();
        }

        timer.Stop(0);
    }
}

using System.Runtime.InteropServices;
using LuoInterop;
using MiniVmm.Machine;
using MiniVmm.Memory;
using MiniVmm.Tests.Updates;
using Xunit;

namespace MiniVmm.Tests.Machine;

/// <summary>Shows that a machine which is made ahead is whole when it is taken, and that nothing of it is left when it is not.</summary>
[Collection(Alone.Name)]
public sealed class MachineAheadTests : IDisposable
{
    private const int LeastCalls = 8;

    private readonly EmulatedHost _host = new();

    public MachineAheadTests() => _host.Machine.Boot();

    [Theory]
    [InlineData(1)]
    [InlineData(GuestMachine.MostCpus)]
    public void Taken_ItHasItsRamAndItsVcpus_AndIsTheCallers(int cpus)
    {
        using var ahead = new MachineAhead(_host.Machine.Kernel, static _ => { });
        using GuestRam ram = GuestRam.Create(_host.Machine.Kernel, 4 << 20);
        using GuestMachine machine = ahead.Take(ram, cpus);
        Assert.Equal((cpus, 4L << 20), (machine.Cpus, machine.Ram.Size));
        Assert.Throws<InvalidOperationException>(() => ahead.Take(ram, cpus));
    }

    [Fact]
    public void Refused_ItIsSaidToWhoTakesIt_AndTheRamIsFreed()
    {
        for (int n = 1; ; n++)
        {
            GuestRam ram = GuestRam.Create(_host.Machine.Kernel, 4 << 20);
            var refusing = new RefusedIoctl(_host.Machine.Kernel, n);
            using var ahead = new MachineAhead(refusing, static _ => { });
            Exception? error = Record.Exception(() => ahead.Take(ram, 2).Dispose());
            if (refusing.Left > 0)
            {
                Assert.Null(error);
                Assert.InRange(n, LeastCalls, LeastCalls * 10);
                return;
            }

            Assert.Equal(Errno.ENOMEM, Assert.IsType<KernelException>(error).Errno);
            Assert.Throws<ObjectDisposedException>(() => ram.Low.File.Size);
        }
    }

    [Fact]
    public void Untaken_ItIsFreed()
    {
        int threads = Threads();
        for (int i = 0; i < 20; i++)
        {
            new MachineAhead(_host.Machine.Kernel, static _ => { }).Dispose();
        }

        // The kernel takes a moment to forget a thread that has ended.
        Assert.True(SpinWait.SpinUntil(() => Threads() <= threads, TimeSpan.FromMinutes(1)), $"{Threads()} threads, {threads} before");
    }

    public void Dispose() => _host.Dispose();

    private static int Threads() => Directory.GetDirectories("/proc/self/task").Count(static task => IsOfAVcpu(task + "/comm"));

    private static bool IsOfAVcpu(string path)
    {
        try
        {
            return File.ReadAllText(path).StartsWith("vcpu", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            // It has ended meanwhile.
            return false;
        }
    }

    /// <summary>Refuses one ioctl, whichever thread calls it.</summary>
    private sealed class RefusedIoctl(Kernel kernel, int nth) : ForwardingKernel(kernel)
    {
        private int _left = nth;

        public int Left => _left;

        public override int Ioctl(SafeHandle file, uint request, Span<byte> argument) =>
            Interlocked.Decrement(ref _left) == 0 ? -(int)Errno.ENOMEM : base.Ioctl(file, request, argument);

        public override int Ioctl(SafeHandle file, uint request, nint argument) =>
            Interlocked.Decrement(ref _left) == 0 ? -(int)Errno.ENOMEM : base.Ioctl(file, request, argument);
    }
}

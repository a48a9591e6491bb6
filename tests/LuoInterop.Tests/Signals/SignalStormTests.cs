using System.Runtime.InteropServices;
using LuoInterop.Interop;
using LuoInterop.Tests.Shared;
using LuoInterop.Tests.Support;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace LuoInterop.Tests.Signals;

/// <summary>Proves on the host's kernel that signals without pause keep no call from its end.</summary>
public sealed class SignalStormTests
{
    [Fact]
    public void MemoryFile_UnderSignalsWithoutPause_DoesAllThatItDoes()
    {
        var kernel = new InterruptionCounter(Kernel.Linux);
        using var storm = new SignalStorm();
        for (int i = 0; i < 50; i++)
        {
            using Memfd file = Memfd.Create(kernel, "storm", 4 << 20);
            file.Allocate(0, 4 << 20);
            Assert.Equal(4 << 11, file.Status.Blocks);
            using (MemfdMapping mapping = file.Map())
            {
                mapping.Populate();
            }

            file.Write(1 << 20, "storm"u8);
            file.Position = 1 << 20;
            byte[] bytes = new byte[5];
            file.OpenStream().ReadExactly(bytes);
            Assert.Equal("storm"u8, bytes);
            file.PunchHole(0, 1 << 20);
            file.SetSize(8 << 20);
            file.AddSeals(MemfdSeals.Grow);
            Assert.StartsWith("/memfd:storm", file.LinkText, StringComparison.Ordinal);
        }

        Assert.True(storm.Sent > 50, $"{storm.Sent} signals");
    }

    /// <summary>open(2) of a file that somebody holds a lease on waits for it,
    /// and is EINTR at a signal (__break_lease in fs/locks.c).</summary>
    [Fact]
    public void Open_ThatWaitsForALease_UnderSignals_GoesOnWaiting()
    {
        const int F_SETSIG = 10, F_SETLEASE = 1024, F_WRLCK = 1, SIGUSR2 = 12;
        string path = Path.Combine("/dev/shm", $"luointerop-lease-{Guid.NewGuid():N}");
        using SafeFileHandle holder = Files.Open(path, LibC.O_RDWR | LibC.O_CREAT, 0x180);
        try
        {
            using var storm = new SignalStorm();

            // The kernel tells the holder by SIGIO else, which ends the process.
            Assert.Equal(0, Kernel.Linux.Fcntl(holder, F_SETSIG, SIGUSR2));
            Assert.Equal(0, Kernel.Linux.Fcntl(holder, F_SETLEASE, F_WRLCK));
            var kernel = new LeaseKernel(holder);
            int fd = KernelFile.Open(kernel, path);
            Assert.True(fd >= 0, $"{(Errno)(-fd)}");
            Assert.Equal((3, 0), (kernel.Interruptions, kernel.Close(fd)));
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Gives the lease back at the third interruption.</summary>
    private sealed class LeaseKernel(SafeHandle holder) : ScriptedHost
    {
        private const int F_SETLEASE = 1024, F_UNLCK = 2;

        public int Interruptions { get; private set; }

        public override int Open(string path, int flags, uint mode = 0)
        {
            int result = base.Open(path, flags, mode);
            if (result == -(int)Errno.EINTR && ++Interruptions == 3)
            {
                Assert.Equal(0, Fcntl(holder, F_SETLEASE, F_UNLCK));
            }

            return result;
        }
    }
}

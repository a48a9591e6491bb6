using System.Diagnostics;

namespace LuoInterop.Emulation.Kvm;

/// <summary>Reads the host's clocks as the emulated processor and kernel have them.</summary>
internal static class EmulatedTime
{
    /// <summary>The frequency of the time stamp counter in kHz.</summary>
    public const int TscKhz = 1_000_000;

    private const ulong NanosecondsOfATick = 100;

    /// <summary>Gets the time stamp counter: a nanosecond a tick, and no kexec resets it.</summary>
    public static ulong Tsc =>
        Stopwatch.Frequency == 1_000_000_000
            ? (ulong)Stopwatch.GetTimestamp()
            : throw new PlatformNotSupportedException("The runtime's clock does not count nanoseconds.");

    /// <summary>Gets the time of day in nanoseconds since 1970.</summary>
    public static ulong Realtime => (ulong)(DateTime.UtcNow - DateTime.UnixEpoch).Ticks * NanosecondsOfATick;
}

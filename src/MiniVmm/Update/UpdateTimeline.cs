using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using LuoInterop;

namespace MiniVmm.Update;

/// <summary>Names the moments of a live update, in their order.</summary>
internal enum UpdateMoment
{
    /// <summary>The pause was asked for.</summary>
    PauseBegins,
    /// <summary>Every vCPU stands still: the blackout has begun.</summary>
    Stopped,
    /// <summary>The state is saved.</summary>
    Saved,
    /// <summary>The state is preserved; next are freeze and reboot(2).</summary>
    Preserved,
    /// <summary>The next kernel's clock begins.</summary>
    KernelStarted,
    /// <summary>This program's process starts.</summary>
    ProcessStarted,
    /// <summary>Its own code begins.</summary>
    MainEntered,
    /// <summary>It has opened the update.</summary>
    Opened,
    /// <summary>RAM and state are retrieved.</summary>
    Retrieved,
    /// <summary>VM and vCPUs are made anew.</summary>
    Rebuilt,
    /// <summary>The state is put back; next is the first instruction.</summary>
    Restored,
    /// <summary>The guest has run.</summary>
    Proven,
}

/// <summary>Measures a live update across two kernels, each with its own clock; the processor's counter goes on through both.</summary>
/// <remarks>
/// A page of memory that is preserved with the guest's RAM, into which this program writes until the last moment. Times are nanoseconds of
/// the monotonic clock of the kernel in which they were taken. The counter is the guest's: what a vCPU reads.
/// </remarks>
internal sealed class UpdateTimeline : IDisposable
{
    /// <summary>The page's name in the update.</summary>
    public const string FileName = "timeline";

    private const int Size = 4096;
    private const int CounterOffset = 8 * ((int)UpdateMoment.Proven + 1);
    private const int FrequencyOffset = CounterOffset + 8;
    private const long NanosecondsOfASecond = 1_000_000_000;

    private readonly MemfdMapping _mapping;

    private UpdateTimeline(Memfd file, MemfdMapping mapping)
    {
        File = file;
        _mapping = mapping;
    }

    /// <summary>Gets the page's file, which belongs to this object.</summary>
    public Memfd File { get; }

    private Span<byte> Page => _mapping.GetSpan(0, Size);

    /// <summary>Makes an empty one.</summary>
    public static UpdateTimeline Create(Kernel kernel)
    {
        Memfd file = Memfd.Create(kernel, FileName, Size);
        return From(file);
    }

    /// <summary>Takes the one that the previous kernel's program has written; the file belongs to the result, and is closed where there is
    /// none.</summary>
    /// <exception cref="InvalidDataException">It is no timeline.</exception>
    public static UpdateTimeline From(Memfd file)
    {
        ArgumentNullException.ThrowIfNull(file);
        try
        {
            return file.Size >= Size
                ? new UpdateTimeline(file, file.Map())
                : throw new InvalidDataException($"The timeline has {file.Size} bytes.");
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Records that a moment is now.</summary>
    public void Mark(UpdateMoment moment) => Mark(moment, Now());

    /// <summary>Records a moment.</summary>
    public void Mark(UpdateMoment moment, long nanoseconds) =>
        BinaryPrimitives.WriteInt64LittleEndian(Page[(8 * (int)moment)..], nanoseconds);

    /// <summary>Records what the guest's counter says when its vCPUs stand still.</summary>
    public void Stop(ulong counter, long kilohertz)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(Page[CounterOffset..], counter);
        BinaryPrimitives.WriteInt64LittleEndian(Page[FrequencyOffset..], kilohertz);
        Mark(UpdateMoment.Stopped);
    }

    /// <summary>Gives the parts of the blackout.</summary>
    /// <param name="counter">What the guest's counter says now, at <see cref="UpdateMoment.Restored"/>.</param>
    public Blackout Measure(ulong counter)
    {
        ulong stopped = BinaryPrimitives.ReadUInt64LittleEndian(Page[CounterOffset..]);
        long kilohertz = BinaryPrimitives.ReadInt64LittleEndian(Page[FrequencyOffset..]);
        if (kilohertz <= 0 || counter < stopped)
        {
            throw new InvalidDataException("The guest's counter did not go on through the kexec.");
        }

        long total = (long)((UInt128)(counter - stopped) * 1_000_000 / (ulong)kilohertz);
        long before = At(UpdateMoment.Preserved) - At(UpdateMoment.Stopped);
        long start = At(UpdateMoment.KernelStarted);
        long after = At(UpdateMoment.Restored) - start;
        return new Blackout(
            total,
            [
                new("pause (the guest runs until its end)", At(UpdateMoment.Stopped) - At(UpdateMoment.PauseBegins), IsOurs: true),
                new("save", At(UpdateMoment.Saved) - At(UpdateMoment.Stopped), IsOurs: true),
                new("preserve the state", At(UpdateMoment.Preserved) - At(UpdateMoment.Saved), IsOurs: true),
                new("freeze, reboot(2), the jump", total - before - after, IsOurs: false),
                new("kernel boot to this program", At(UpdateMoment.ProcessStarted) - start, IsOurs: false),
                new("start of the program", At(UpdateMoment.MainEntered) - At(UpdateMoment.ProcessStarted), IsOurs: true),
                new("open the update", At(UpdateMoment.Opened) - At(UpdateMoment.MainEntered), IsOurs: true),
                new("retrieve", At(UpdateMoment.Retrieved) - At(UpdateMoment.Opened), IsOurs: true),
                new("rebuild", At(UpdateMoment.Rebuilt) - At(UpdateMoment.Retrieved), IsOurs: true),
                new("restore", At(UpdateMoment.Restored) - At(UpdateMoment.Rebuilt), IsOurs: true),
            ]);
    }

    /// <summary>Gives the time since the kernel's start at which this process was started.</summary>
    public static long ProcessStart()
    {
        // Field 22 of proc_pid_stat(5), in ticks of 10 ms; the name before it may hold spaces.
        string stat = System.IO.File.ReadAllText("/proc/self/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return long.Parse(fields[19], CultureInfo.InvariantCulture) * (NanosecondsOfASecond / 100);
    }

    /// <summary>Unmaps and closes the page.</summary>
    public void Dispose()
    {
        _mapping.Dispose();
        File.Dispose();
    }

    /// <summary>Reads the monotonic clock.</summary>
    public static long Now() => (long)((UInt128)Stopwatch.GetTimestamp() * (ulong)NanosecondsOfASecond / (ulong)Stopwatch.Frequency);

    private long At(UpdateMoment moment) => BinaryPrimitives.ReadInt64LittleEndian(Page[(8 * (int)moment)..]);
}

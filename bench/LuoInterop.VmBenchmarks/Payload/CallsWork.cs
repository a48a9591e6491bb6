using System.Globalization;
using System.Runtime.InteropServices;
using LuoInterop.VmTesting;
using Microsoft.Win32.SafeHandles;

namespace LuoInterop.VmBenchmarks;

/// <summary>Measures single calls in C and through the managed API: those that make and preserve before the kexec,
/// those that retrieve after it.</summary>
internal sealed unsafe class CallsWork(int warmUp, int rounds) : IWork
{
    public const string Word = "calls";

    // What is retrieved must be there all at once, in a list that the kernel walks.
    private const int RetrievingPart = 4;

    private const int CopyBytes = 64 << 20;
    private const int Copies = 7;

    public string Words => string.Create(CultureInfo.InvariantCulture, $"{Word}:{warmUp}:{rounds}");

    public string Title => string.Create(CultureInfo.InvariantCulture, $"single calls, {rounds} rounds");

    private int RetrievingRounds => Math.Max(rounds / RetrievingPart, 1);

    public void Leave(Guest guest)
    {
        MeasureCopy(guest);
        MeasureObjects(guest);
        Measure(guest, new SystemCallCycle());
        Measure(guest, new MemfdCycle());
        using LiveUpdateDevice device = LiveUpdateDevice.Open(Kernel.Linux);
        Measure(guest, new SessionCycle(device));
        using (var cycle = new PreserveCycle(device))
        {
            Measure(guest, cycle);
        }

        Prepare((int)device.Handle.DangerousGetHandle());
        guest.KexecFileLoad();
    }

    public void Arrive(Guest guest)
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(Kernel.Linux);
        Measure(guest, new FinishCycle(device), RetrievingRounds);
        Measure(guest, new RetrieveFileCycle(device), RetrievingRounds);
    }

    private void Measure(Guest guest, ICallCycle cycle) => Measure(guest, cycle, rounds);

    private void Measure(Guest guest, ICallCycle cycle, int counted)
    {
        foreach (CallResult call in CallRounds.Measure(cycle, warmUp, counted))
        {
            Samples.Send(guest, $"call/{call.Operation}/c", [.. call.Native]);
            Samples.Send(guest, $"call/{call.Operation}/managed", [.. call.Managed]);
            Samples.Send(guest, $"call/{call.Operation}/bytes", [.. call.Bytes]);
        }
    }

    /// <summary>Preserves what the loops of the next kernel retrieve. The descriptors of the sessions stay open until the kexec.</summary>
    private void Prepare(int device)
    {
        int all = warmUp + RetrievingRounds;
        for (int round = 0; round < all; round++)
        {
            for (int i = 0; i < FinishCycle.Sessions; i++)
            {
                Preserve(Create(device, FinishCycle.Name(round, i)), 0);
            }
        }

        for (int round = 0; round < all; round++)
        {
            int session = Create(device, RetrieveFileCycle.Name(round));
            for (int i = 0; i < RetrieveFileCycle.Loops * RetrieveFileCycle.Count; i++)
            {
                Preserve(session, RetrieveFileCycle.Token(i));
            }
        }
    }

    private static int Create(int device, string name)
    {
        int session;
        fixed (byte* bytes = Twins.Names([name]))
        {
            Twins.Took(Twins.twin_create_sessions(device, 1, bytes, &session), "CREATE_SESSION");
        }

        return session;
    }

    private static void Preserve(int session, ulong token)
    {
        int file;
        Twins.Took(Twins.twin_memfd_create(1, &file), "memfd_create");
        Twins.Took(Twins.twin_memfd_size(1, &file, 4096), "ftruncate");
        Twins.Took(Twins.twin_preserve(session, 1, &file, token, 0), "PRESERVE_FD");
        Twins.Took(Twins.twin_close(1, &file), "close");
    }

    /// <summary>Measures how fast memory is copied here: the limit of whatever copies.</summary>
    private static void MeasureCopy(Guest guest)
    {
        byte* from = (byte*)NativeMemory.AlignedAlloc(CopyBytes, 4096);
        byte* to = (byte*)NativeMemory.AlignedAlloc(CopyBytes, 4096);
        NativeMemory.Fill(from, CopyBytes, 1);
        NativeMemory.Fill(to, CopyBytes, 2);
        double[] perSecond = new double[Copies];
        for (int i = 0; i < Copies; i++)
        {
            perSecond[i] = CopyBytes * 1e9 / Twins.Took(Twins.twin_copy(to, from, CopyBytes), "memcpy");
        }

        NativeMemory.AlignedFree(from);
        NativeMemory.AlignedFree(to);
        Samples.Send(guest, "limit/copy", perSecond);
    }

    /// <summary>Measures the objects that retrieving returns: no call that returns one can allocate less.</summary>
    private static void MeasureObjects(Guest guest)
    {
        Kernel kernel = Kernel.Linux;
        long start = GC.GetAllocatedBytesForCurrentThread();
        var handle = new KernelHandle(kernel);
        long afterHandle = GC.GetAllocatedBytesForCurrentThread();
        var memfd = new Memfd(handle);
        long afterMemfd = GC.GetAllocatedBytesForCurrentThread();
        memfd.Dispose();
        Samples.Send(guest, "limit/objects", afterHandle - start, afterMemfd - start);
    }
}

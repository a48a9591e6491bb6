using LuoInterop.VmTesting;
using Microsoft.Win32.SafeHandles;

namespace LuoInterop.VmBenchmarks;

/// <summary>Takes the phases of one live update, with calls made in C so that no phase holds the runtime's compilation.</summary>
internal sealed unsafe class UpdateWork(UpdateSize size) : IWork
{
    public const string Word = "update";
    private const string HugeSetting = "/sys/kernel/mm/transparent_hugepage/shmem_enabled";
    private const long HugePage = 2 << 20;

    public UpdateSize Size => size;

    public string Words => $"{Word}:{size.Words}";

    public string Title => $"live update of {size}";

    public void Leave(Guest guest)
    {
        File.WriteAllText(HugeSetting, size.HugeFolios ? "always" : "never");
        long hugeBefore = GuestMemory.HugeBytes();
        int[] files = Files();
        int device = Open(out _);
        int[] sessions = new int[size.Sessions];
        fixed (int* fds = sessions)
        fixed (byte* names = Twins.Names(Names()))
        {
            Samples.Send(guest, "create", Twins.Took(Twins.twin_create_sessions(device, size.Sessions, names, fds), "CREATE_SESSION"));
        }

        // What preserving takes, beside the file itself, which is allocated already.
        Dictionary<string, long> areas = GuestMemory.Areas();
        long free = GuestMemory.FreeBytes();
        long took = 0;
        fixed (int* fds = files)
        {
            for (int i = 0; i < sessions.Length; i++)
            {
                took += Twins.Took(Twins.twin_preserve(sessions[i], size.Files, fds + (i * size.Files), 0, 0), "PRESERVE_FD");
            }

            Samples.Send(guest, "preserve", took);
            Samples.Send(guest, "metadata", free - GuestMemory.FreeBytes());
            Samples.Send(guest, "lists", GuestMemory.Areas().Where(area => !areas.ContainsKey(area.Key)).Sum(static area => area.Value));
            Samples.Send(guest, "huge", (GuestMemory.HugeBytes() - hugeBefore) / HugePage);
            Twins.Took(Twins.twin_close(files.Length, fds), "close");
        }

        Twins.Took(Twins.twin_close(1, &device), "close");
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        guest.KexecFileLoad();
        Samples.Send(guest, "load", System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalNanoseconds);
    }

    public void Arrive(Guest guest)
    {
        int device = Open(out long opened);
        int[] sessions = new int[size.Sessions];
        int[] files = new int[size.Sessions * size.Files];
        long retrievedSessions;
        long retrieved = 0;
        long finished;
        fixed (int* fds = sessions)
        fixed (int* fileFds = files)
        fixed (byte* names = Twins.Names(Names()))
        {
            retrievedSessions = Twins.Took(Twins.twin_retrieve_sessions(device, size.Sessions, names, fds), "RETRIEVE_SESSION");
            for (int i = 0; i < sessions.Length; i++)
            {
                retrieved += Twins.Took(Twins.twin_retrieve(sessions[i], size.Files, 0, fileFds + (i * size.Files)), "RETRIEVE_FD");
            }

            finished = Twins.Took(Twins.twin_finish(sessions.Length, fds), "FINISH");
            Twins.Took(Twins.twin_close(sessions.Length, fds), "close");
        }

        Twins.Took(Twins.twin_close(1, &device), "close");
        Samples.Send(guest, "open", opened);
        Samples.Send(guest, "retrieve sessions", retrievedSessions);
        Samples.Send(guest, "retrieve", retrieved);
        Samples.Send(guest, "finish", finished);
        Samples.Send(guest, "touch", files.Sum(CheckAndClose));
    }

    private int[] Files()
    {
        int[] files = new int[size.Sessions * size.Files];
        fixed (int* fds = files)
        {
            Twins.Took(Twins.twin_memfd_create(files.Length, fds), "memfd_create");
            Twins.Took(Twins.twin_memfd_size(files.Length, fds, size.Bytes), "ftruncate");
        }

        foreach (int fd in files)
        {
            var memfd = new Memfd(new KernelHandle(Kernel.Linux, fd));
            using MemfdMapping mapping = memfd.Map(0, size.Bytes);
            mapping.Populate();
            Twins.Took(Twins.twin_fill(mapping.Address, size.Bytes), "filling");
            memfd.Handle.SetHandleAsInvalid();
        }

        return files;
    }

    /// <summary>Maps a file and looks at every page of it; gives the nanoseconds of the looking, faults included.</summary>
    private long CheckAndClose(int fd)
    {
        using var memfd = new Memfd(new KernelHandle(Kernel.Linux, fd));
        using MemfdMapping mapping = memfd.Map(0, size.Bytes);
        return Twins.Took(Twins.twin_check(mapping.Address, size.Bytes), "comparing what came back");
    }

    private string[] Names() => [.. Enumerable.Range(0, size.Sessions).Select(static i => FormattableString.Invariant($"bench-{i}"))];

    private static int Open(out long took)
    {
        int device;
        took = Twins.Took(Twins.twin_open(LiveUpdateDevice.DefaultPath, &device), "opening the device");
        return device;
    }
}

using System.Numerics;
using LuoInterop.Emulation;
using LuoInterop.Kho;
using Microsoft.Win32.SafeHandles;

namespace LuoInterop.Benchmarks;

/// <summary>Is an emulated machine whose kernel holds a number of sessions and preserved files.</summary>
internal sealed class PopulatedMachine : IDisposable
{
    private const string CommandLine = "kho=on liveupdate=on";
    private const int PageSize = FolioSize.Small;

    private readonly EmulatedMachine _machine;
    private readonly string _image = Path.GetTempFileName();
    private KexecImage? _next;

    public PopulatedMachine(int folio = FolioSize.Huge)
    {
        EmulatedKernelImage.Write(_image);

        _machine = new EmulatedMachine(new EmulatedMachineOptions { LargestFolioOrder = BitOperations.Log2((uint)folio / PageSize) });
        Boot();
    }

    public EmulatedProcess Kernel { get; private set; } = null!;

    public LuoCalls Calls { get; private set; } = null!;

    public SafeFileHandle Device { get; private set; } = null!;

    /// <summary>Gets how many files one session takes here. It could take 630,000; many sessions are the commoner case.</summary>
    public static int FilesPerSession => 1000;

    /// <summary>Creates sessions with the numbers from 0 on.</summary>
    /// <param name="count">How many.</param>
    /// <param name="oneFileEach">The distance of those that get a file of a page; 0 for none.</param>
    public void AddSessions(int count, int oneFileEach = 0)
    {
        for (int i = 0; i < count; i++)
        {
            int session = Calls.Create(Device, "present-"u8, i);
            if (oneFileEach != 0 && i % oneFileEach == 0)
            {
                AddFile(Handle(session), 0);
            }
        }
    }

    /// <summary>Preserves files of a page, <see cref="FilesPerSession"/> a session.</summary>
    public void AddFiles(int count)
    {
        SafeFileHandle session = null!;
        for (int i = 0; i < count; i++)
        {
            if (i % FilesPerSession == 0)
            {
                session = Handle(Calls.Create(Device, "present-"u8, i / FilesPerSession));
            }

            AddFile(session, i % FilesPerSession);
        }
    }

    /// <summary>Preserves one file of a size, in a session of its own.</summary>
    public void AddFile(long size)
    {
        int fd = CreateMemfd(size);
        Calls.Preserve(Handle(Calls.Create(Device, "present-"u8, 0)), fd, 0);
        Kernel.Close(fd);
    }

    /// <summary>Makes a memfd, and gives its descriptor.</summary>
    public int CreateMemfd(long size)
    {
        int fd = Kernel.MemfdCreate("benchmark", 0);
        return fd >= 0 && Kernel.FTruncate(Handle(fd), size) == 0
            ? fd
            : throw new InvalidOperationException($"A memfd was refused with {(Errno)(-fd)}.");
    }

    /// <summary>Loads the next kernel, so that <see cref="Jump"/> is all that is left to do.</summary>
    public void Load() => _next = KexecImage.Load(Kernel, _image, null, CommandLine);

    /// <summary>Jumps into the loaded kernel, boots it and opens its device.</summary>
    public void Jump()
    {
        Stop();
        Boot();
    }

    /// <summary>Jumps, and stops before the next kernel starts.</summary>
    public void Stop()
    {
        try
        {
            // The device is open past the library, and nobody creates a session through it now.
            _next!.Reboot(KexecRebootOptions.DeviceHeldElsewhere);
        }
        catch (EmulatedKexecException)
        {
        }
    }

    /// <summary>Reads what the next kernel will find, after <see cref="Stop"/>.</summary>
    public Handover ReadHandover() => _machine.ReadHandover()!;

    /// <summary>Wraps a descriptor that somebody else closes.</summary>
    public static SafeFileHandle Handle(int fd) => new(fd, ownsHandle: false);

    public void Dispose()
    {
        _machine.Dispose();
        File.Delete(_image);
    }

    private void AddFile(SafeFileHandle session, int token)
    {
        int fd = CreateMemfd(PageSize);
        Calls.Preserve(session, fd, token);
        Kernel.Close(fd);
    }

    private void Boot()
    {
        const int O_RDWR = 2;
        Kernel = _machine.Boot();
        Calls = new LuoCalls(Kernel);
        Device = Handle(Kernel.Open("/dev/liveupdate", O_RDWR));
    }
}

using LuoInterop.Emulation;

namespace LuoInterop.Tests.Support;

/// <summary>Boots emulated kernels one after the other, and records what becomes of their sessions.</summary>
internal sealed class TestMachine : IDisposable
{
    private readonly EmulatedMachine _machine = new();
    private readonly string _image = Path.Combine("/dev/shm", $"luointerop-image-{Guid.NewGuid():N}");

    public TestMachine()
    {
        EmulatedKernelImage.Write(_image);

        Kernel = new RecordingKernel(_machine.Boot());
    }

    /// <summary>Gets the faults of the machine.</summary>
    public FaultInjection Faults => _machine.Faults;

    /// <summary>Gets the running kernel.</summary>
    public RecordingKernel Kernel { get; private set; }

    public KexecImage Load() => KexecImage.Load(Kernel, _image, null, "kho=on liveupdate=on");

    /// <summary>Boots the kernel that was jumped into.</summary>
    public void Boot() => Kernel = new RecordingKernel(_machine.Boot());

    /// <summary>Jumps into the next kernel, and says how.</summary>
    public RecordingKernel Kexec()
    {
        KexecImage image = Load();
        Assert.Throws<EmulatedKexecException>(image.Reboot);
        return Kernel = new RecordingKernel(_machine.Boot());
    }

    public LiveUpdateSession Create(string name)
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(Kernel);
        return device.CreateSession(name);
    }

    /// <summary>Creates a session that preserves a file with the session's name as content under token 1.</summary>
    public LiveUpdateSession CreateWithFile(string name)
    {
        LiveUpdateSession session = Create(name);
        using Memfd file = FileOf(name);
        session.Preserve(file, 1);
        return session;
    }

    public Memfd FileOf(string name)
    {
        Memfd file = Memfd.Create(Kernel, "test");
        file.Write(0, System.Text.Encoding.UTF8.GetBytes(name));
        return file;
    }

    public LiveUpdateSession Retrieve(string name)
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(Kernel);
        return device.RetrieveSession(name);
    }

    public bool IsHandedOver(string name)
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(Kernel);
        if (!device.TryRetrieveSession(name, out LiveUpdateSession? session))
        {
            return false;
        }

        session.Finish();
        session.Dispose();
        return true;
    }

    /// <summary>Creates a session with a file, hands it over, and retrieves it in the next kernel.</summary>
    public LiveUpdateSession Incoming(string name)
    {
        CreateWithFile(name).HoldUntilKexec();
        Kexec();
        return Retrieve(name);
    }

    public static string ContentOf(LiveUpdateSession session, ulong token = 1)
    {
        using Memfd file = session.RetrieveMemfd(token);
        byte[] bytes = new byte[file.Size];
        return System.Text.Encoding.UTF8.GetString(bytes, 0, file.Read(0, bytes));
    }

    public void Dispose()
    {
        _machine.Dispose();
        File.Delete(_image);
    }
}

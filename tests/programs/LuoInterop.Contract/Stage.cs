using System.Globalization;

namespace LuoInterop.Contract;

/// <summary>Is what a scenario's body has of one kernel.</summary>
public sealed class Stage : IDisposable
{
    private readonly string _scenario;
    private readonly Dictionary<string, string> _notes;
    private readonly List<IDisposable> _owned = [];
    private LiveUpdateDevice? _device;

    /// <param name="kernel">The kernel that runs.</param>
    /// <param name="scenario">The scenario's name, from which session names are made.</param>
    /// <param name="number">1 in the first kernel.</param>
    /// <param name="notes">The scenario's notes, which the caller carries to the next kernel.</param>
    public Stage(Kernel kernel, string scenario, int number, Dictionary<string, string> notes)
    {
        Kernel = kernel;
        Number = number;
        _scenario = scenario;
        _notes = notes;
    }

    public Kernel Kernel { get; }

    public int Number { get; }

    /// <summary>Gets the image of the kernel that follows.</summary>
    public required string NextKernelPath { get; init; }

    /// <summary>Gets the device, opened on first use and closed at the end of the body.</summary>
    public LiveUpdateDevice Device => _device ??= LiveUpdateDevice.Open(Kernel);

    /// <summary>Closes the device now, for a body that looks at who may open it.</summary>
    public void CloseDevice()
    {
        _device?.Dispose();
        _device = null;
    }

    /// <summary>Makes a session name that no other scenario uses.</summary>
    public string Name(string suffix = "") =>
        string.Create(CultureInfo.InvariantCulture, $"ct-{StableHash(_scenario):x8}{(suffix.Length > 0 ? "-" : "")}{suffix}");

    /// <summary>Creates a session of this scenario, which is aborted at the end of the body unless it is held.</summary>
    public LiveUpdateSession Create(string suffix = "")
    {
        LiveUpdateSession session = Device.CreateSession(Name(suffix));
        _owned.Add(new AbortAtEnd(session));
        return session;
    }

    /// <summary>Retrieves a session of this scenario, which is finished at the end of the body.</summary>
    public LiveUpdateSession Retrieve(string suffix = "")
    {
        LiveUpdateSession session = Device.RetrieveSession(Name(suffix));
        _owned.Add(new FinishAtEnd(session));
        return session;
    }

    /// <summary>Disposes an object at the end of the body.</summary>
    public T Own<T>(T disposable)
        where T : IDisposable
    {
        _owned.Add(disposable);
        return disposable;
    }

    /// <summary>Makes a memfd with a pattern that depends on the seed.</summary>
    public Memfd MemfdWith(long size, int seed, MemfdOptions? options = null)
    {
        Memfd memfd = Own(Memfd.Create(Kernel, "contract", size, options));
        Pattern.Fill(memfd, seed);
        return memfd;
    }

    /// <summary>Creates the scenario's session, preserves memfds with patterns in it, and holds it until the kexec.</summary>
    public void HoldFiles(params (ulong Token, long Size, int Seed)[] files)
    {
        LiveUpdateSession session = Create();
        foreach ((ulong token, long size, int seed) in files)
        {
            session.Preserve(MemfdWith(size, seed), token);
        }

        session.HoldUntilKexec();
    }

    /// <summary>Retrieves the scenario's session and memfds, and asserts that each holds its pattern.</summary>
    public void VerifyFiles(params (ulong Token, long Size, int Seed)[] files)
    {
        LiveUpdateSession session = Retrieve();
        foreach ((ulong token, long size, int seed) in files)
        {
            Pattern.Verify(Own(session.RetrieveMemfd(token)), size, seed);
        }
    }

    /// <summary>Remembers a text for the next kernel.</summary>
    public void Note(string key, string value) => _notes.Add(key, value);

    /// <summary>Recalls what an earlier kernel noted.</summary>
    public string Recall(string key) => _notes[key];

    /// <summary>Ends the body: closes the device, and what the body did not hold.</summary>
    public void Dispose()
    {
        for (int i = _owned.Count - 1; i >= 0; i--)
        {
            _owned[i].Dispose();
        }

        _device?.Dispose();
    }

    private static uint StableHash(string text)
    {
        // FNV-1a: the same in every process.
        uint hash = 2166136261;
        foreach (char c in text)
        {
            hash = (hash ^ c) * 16777619;
        }

        return hash;
    }

    /// <summary>Aborts a session that the body neither ended nor holds.</summary>
    private sealed class AbortAtEnd(LiveUpdateSession session) : IDisposable
    {
        public void Dispose()
        {
            if (!session.IsHeld)
            {
                session.Abort();
            }
        }
    }

    private sealed class FinishAtEnd(LiveUpdateSession session) : IDisposable
    {
        public void Dispose()
        {
            if (!session.Handle.IsClosed)
            {
                session.Finish();
                session.Dispose();
            }
        }
    }
}

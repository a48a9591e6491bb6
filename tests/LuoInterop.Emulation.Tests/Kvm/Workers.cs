namespace LuoInterop.Emulation.Tests.Kvm;

/// <summary>Runs threads that repeat a step, until they are stopped or one fails.</summary>
internal sealed class Workers : IDisposable
{
    private readonly List<(Thread Thread, StrongBox Steps)> _threads = [];
    private volatile bool _stops;
    private volatile Exception? _failure;

    public bool HasFailed => _failure is not null;

    /// <summary>Starts a thread that goes from step to step.</summary>
    public void Start(Func<IEnumerator<bool>> steps)
    {
        var count = new StrongBox();
        var thread = new Thread(() =>
        {
            try
            {
                using IEnumerator<bool> step = steps();
                while (!_stops && step.MoveNext())
                {
                    Interlocked.Increment(ref count.Value);
                }
            }
            catch (Exception error)
            {
                _failure = error;
            }
        });
        _threads.Add((thread, count));
        thread.Start();
    }

    /// <summary>Goes on with something until every thread began and ended a step meanwhile.</summary>
    public void Advance(Action meanwhile)
    {
        long[] before = [.. _threads.Select(static thread => Interlocked.Read(ref thread.Steps.Value))];
        bool advanced;
        do
        {
            meanwhile();
            advanced = true;
            for (int i = 0; i < before.Length; i++)
            {
                advanced &= Interlocked.Read(ref _threads[i].Steps.Value) >= before[i] + 2;
            }
        }
        while (!advanced && _failure is null);
    }

    /// <summary>Stops all, and throws what one failed with.</summary>
    public void Stop()
    {
        Dispose();
        if (_failure is { } failure)
        {
            throw new InvalidOperationException("A thread failed.", failure);
        }
    }

    public void Dispose()
    {
        _stops = true;
        _threads.ForEach(static thread => thread.Thread.Join());
    }

    private sealed class StrongBox
    {
        public long Value;
    }
}

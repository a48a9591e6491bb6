namespace LuoInterop.Emulation.Server.Launch;

/// <summary>Holds the programs of a machine until nothing of them is left. May be used from several threads.</summary>
/// <remarks>A program is known by its front (native/luo_launch.c), which whoever runs it has started.</remarks>
internal sealed class ProgramList
{
    private readonly Lock _lock = new();
    private readonly List<LaunchedProgram> _programs = [];
    private readonly Dictionary<int, string> _toEnd = [];

    /// <summary>Takes a program in, and lets those go of which nothing is left.</summary>
    public void Add(LaunchedProgram program)
    {
        lock (_lock)
        {
            foreach (LaunchedProgram gone in _programs.FindAll(static one => one.Gone.IsCompleted && one.Failure is null))
            {
                _programs.Remove(gone);
                gone.Dispose();
            }

            _programs.Add(program);
        }

        // It may have been met already.
        Meet(program);
    }

    /// <summary>Takes notice that a program has said who its front is.</summary>
    public void Meet(LaunchedProgram program)
    {
        lock (_lock)
        {
            if (_toEnd.TryGetValue(program.Front, out string? reason))
            {
                program.End(reason);
            }
        }
    }

    /// <summary>Ends a program and all that it has started, now or as soon as it is met.</summary>
    /// <param name="front">Its front.</param>
    /// <param name="reason">What the front is to write to standard error; empty for nothing.</param>
    public void End(int front, string reason)
    {
        lock (_lock)
        {
            _toEnd[front] = reason;
            Find(front)?.End(reason);
        }
    }

    /// <summary>Waits until it is known how a program ended whose front is gone: why it could not be started, or null.</summary>
    public async Task<string?> LeaveAsync(int front)
    {
        LaunchedProgram? program;
        bool wasToEnd;
        lock (_lock)
        {
            wasToEnd = _toEnd.Remove(front);
            program = Find(front);
        }

        if (program is null)
        {
            return null;
        }

        await (wasToEnd ? program.Gone : program.Ended).ConfigureAwait(false);
        if (program.Failure is not null)
        {
            await EndAsync(one => one == program).ConfigureAwait(false);
            lock (_lock)
            {
                _programs.Remove(program);
            }
        }

        return program.Failure;
    }

    /// <summary>Ends programs and all that they have started, and waits until nothing of them is left.</summary>
    public async Task EndAsync(Predicate<LaunchedProgram> which)
    {
        List<LaunchedProgram> programs;
        lock (_lock)
        {
            programs = _programs.FindAll(which);
        }

        foreach (LaunchedProgram program in programs)
        {
            program.End("");
        }

        foreach (LaunchedProgram program in programs)
        {
            await program.Gone.ConfigureAwait(false);
            lock (_lock)
            {
                // One that has failed stays until its front's end has asked for it.
                if (program.Failure is null)
                {
                    _programs.Remove(program);
                }
            }

            program.Dispose();
        }
    }

    private LaunchedProgram? Find(int front) => _programs.FindLast(one => one.Front == front);
}

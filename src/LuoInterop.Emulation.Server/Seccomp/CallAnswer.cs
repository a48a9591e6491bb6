namespace LuoInterop.Emulation.Server.Seccomp;

/// <summary>Names how a call that was trapped goes on.</summary>
internal enum CallOutcome
{
    /// <summary>The host's kernel makes the call, as if nobody had looked.</summary>
    Continue,

    /// <summary>The call returns a value, or <c>-errno</c>.</summary>
    Return,

    /// <summary>The call never returns: its process is ended.</summary>
    Never,
}

/// <summary>Is the answer to a trapped call.</summary>
internal readonly record struct CallAnswer(CallOutcome Outcome, long Value)
{
    /// <summary>The host's kernel makes the call.</summary>
    public static CallAnswer Continue => default;

    /// <summary>The call never returns.</summary>
    public static CallAnswer Never => new(CallOutcome.Never, 0);

    /// <summary>The call returns what a kernel returns: a value, or <c>-errno</c>.</summary>
    public static implicit operator CallAnswer(long value) => new(CallOutcome.Return, value);
}

namespace LuoInterop.Litmus;

/// <summary>Reports a line of a litmus script that says nothing this language knows.</summary>
/// <param name="script">The script's name.</param>
/// <param name="line">The line's number, from 1.</param>
/// <param name="reason">What is wrong with it, and what would be right.</param>
public sealed class LitmusSyntaxException(string script, int line, string reason)
    : Exception($"{script}:{line}: {reason}")
{
    /// <summary>Gets the script's name.</summary>
    public string Script { get; } = script;

    /// <summary>Gets the line's number, from 1.</summary>
    public int Line { get; } = line;

    /// <summary>Gets what is wrong, without the place.</summary>
    public string Reason { get; } = reason;
}

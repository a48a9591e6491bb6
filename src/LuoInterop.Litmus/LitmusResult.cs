namespace LuoInterop.Litmus;

/// <summary>Holds what was observed of a script on one kernel.</summary>
/// <param name="Script">The script.</param>
/// <param name="Observations">An entry for each line; null for a line that was not performed.</param>
/// <param name="End">Why the replay ended before the script's last line, or null.</param>
public sealed record LitmusResult(LitmusScript Script, IReadOnlyList<string?> Observations, string? End)
{
    /// <summary>Gets the indexes of the lines whose observation is not what the script expects.</summary>
    public IEnumerable<int> Mismatches =>
        Enumerable.Range(0, Script.Lines.Count).Where(i => Script.Lines[i].Expected is { } expected && expected != Observations[i]);

    /// <summary>Finds the first line of which another replay of the same script observed something else; -1 when both agree.</summary>
    /// <param name="other">The other replay.</param>
    public int FirstDifference(LitmusResult other)
    {
        ArgumentNullException.ThrowIfNull(other);
        for (int i = 0; i < Observations.Count; i++)
        {
            if (Observations[i] != other.Observations[i])
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Writes the script with what was observed as its expectations: a script that expects just this.</summary>
    public override string ToString() => Script.ToText(Observations);
}

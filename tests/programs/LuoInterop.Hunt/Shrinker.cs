using LuoInterop.Litmus;

namespace LuoInterop.Hunt;

/// <summary>Makes smaller scripts out of one: with lines left out, and with simpler arguments.</summary>
public static class Shrinker
{
    private const int MostCandidates = 120;

    /// <summary>Lists candidates, the smallest first.</summary>
    /// <param name="script">A script on which kernels differ.</param>
    /// <param name="last">The index of the line where they do: what comes behind it is left out first.</param>
    public static IReadOnlyList<LitmusScript> Candidates(LitmusScript script, int last)
    {
        var candidates = new List<LitmusScript>();
        LitmusLine[] lines = [.. script.Lines.Take(last + 1)];
        if (lines.Length < script.Lines.Count)
        {
            candidates.Add(LitmusScript.Of(script.Name, lines));
        }

        for (int chunk = lines.Length / 2; chunk >= 1; chunk /= 2)
        {
            for (int start = 0; start + chunk < lines.Length; start += chunk)
            {
                candidates.Add(LitmusScript.Of(script.Name, [.. lines[..start], .. lines[(start + chunk)..]]));
            }
        }

        for (int i = 0; i < lines.Length && candidates.Count < MostCandidates; i++)
        {
            foreach (string simpler in Simpler(lines[i].Text))
            {
                LitmusLine line = LitmusScript.Parse(script.Name, simpler).Lines[0];
                candidates.Add(LitmusScript.Of(script.Name, [.. lines[..i], line, .. lines[(i + 1)..]]));
            }
        }

        return [.. candidates.Take(MostCandidates)];
    }

    // An option left out, or a number that a reader knows at sight.
    private static IEnumerable<string> Simpler(string line)
    {
        string[] words = line.Split(' ');
        for (int i = 1; i < words.Length; i++)
        {
            if (words[i].Contains('=', StringComparison.Ordinal)
                && words[i] != "="
                && !words[i].StartsWith("token=", StringComparison.Ordinal)
                && !words[i].Contains('"', StringComparison.Ordinal))
            {
                yield return string.Join(' ', words.Where((_, j) => j != i));
            }

            if (words[i] is "4095" or "4097" or "8000" or "8192" or "12345" or "64K" or "2097151" or "2097153" or "3M" or "2M")
            {
                yield return string.Join(' ', words.Select((word, j) => j == i ? "4096" : word));
            }
        }
    }
}

namespace LuoInterop.Cli.Verify;

/// <summary>Is what became of one thing that was recorded.</summary>
/// <param name="What">The unit and the name, or the session.</param>
/// <param name="IsBack">Whether it is there as it was.</param>
/// <param name="Sentence">What is seen, in a few words.</param>
internal sealed record VerifiedRow(string What, bool IsBack, string Sentence);

/// <summary>Holds what a machine keeps now against what it kept before.</summary>
internal static class Verification
{
    public static List<VerifiedRow> Compare(KeptState before, KeptState now)
    {
        List<KeptDescriptor> rest = [.. now.Descriptors];
        var rows = new List<VerifiedRow>();
        foreach (KeptDescriptor old in before.Descriptors.Where(static one => one.LeftBehind is null))
        {
            string what = $"{old.Unit} {old.Name}";
            KeptDescriptor? found = rest.Find(one => Names(one, old) && Difference(old, one) is null)
                ?? rest.Find(one => Names(one, old));
            if (found is null)
            {
                rows.Add(new(what, false, "is not there"));
                continue;
            }

            rest.Remove(found);
            string? difference = Difference(old, found);
            rows.Add(new(what, difference is null, difference ?? (old.Sha256 is null || found.Sha256 is null
                ? "is back, of the same size" : "is back, with the same content")));
        }

        rows.AddRange(before.Sessions.Select(name => now.Sessions.Contains(name)
            ? new VerifiedRow($"session {name}", true, "is open")
            : new VerifiedRow($"session {name}", false, "nobody has it open")));
        return rows;
    }

    private static bool Names(KeptDescriptor one, KeptDescriptor other) => one.Unit == other.Unit && one.Name == other.Name;

    private static string? Difference(KeptDescriptor old, KeptDescriptor now) =>
        old.Kind != now.Kind ? $"was {old.Kind} and is {now.Kind}"
        : old.Size != now.Size ? $"had {old.Size} bytes and has {now.Size}"
        : old.Sha256 is not null && now.Sha256 is not null && old.Sha256 != now.Sha256 ? "has another content"
        : null;
}

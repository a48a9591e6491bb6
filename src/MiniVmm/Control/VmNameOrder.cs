namespace MiniVmm.Control;

/// <summary>Orders names so that vm2 comes before vm10.</summary>
internal sealed class VmNameOrder : IComparer<string>
{
    public static readonly VmNameOrder Instance = new();

    public int Compare(string? x, string? y)
    {
        (string stem, ulong number) = Split(x ?? "");
        (string otherStem, ulong otherNumber) = Split(y ?? "");
        int order = string.CompareOrdinal(stem, otherStem);
        order = order != 0 ? order : number.CompareTo(otherNumber);
        return order != 0 ? order : string.CompareOrdinal(x, y);
    }

    private static (string Stem, ulong Number) Split(string name)
    {
        string stem = name.TrimEnd(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
        return (stem, ulong.TryParse(name.AsSpan(stem.Length), out ulong number) ? number : 0);
    }
}

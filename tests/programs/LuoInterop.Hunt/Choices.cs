namespace LuoInterop.Hunt;

/// <summary>Decides what a generated script does: one word after the other of what FsCheck drew.</summary>
public sealed class Choices(int[] words)
{
    public const int Range = 1 << 20;

    private int _next;

    /// <summary>Gets whether words are left; without any, every choice is the first.</summary>
    public bool Any => _next < words.Length;

    /// <summary>Chooses 0 to n - 1.</summary>
    public int Below(int n) => Any ? (int)((long)words[_next++] * n / Range) : 0;

    /// <summary>Chooses true in so many cases of a hundred.</summary>
    public bool Percent(int percent) => Below(100) >= 100 - percent;

    public T Of<T>(params ReadOnlySpan<T> items) => items[Below(items.Length)];

    /// <summary>Chooses by weight.</summary>
    public T Weighted<T>(IReadOnlyList<(int Weight, T Item)> items)
    {
        int rest = Below(items.Sum(static item => item.Weight));
        foreach ((int weight, T item) in items)
        {
            rest -= weight;
            if (rest < 0)
            {
                return item;
            }
        }

        return items[^1].Item;
    }
}

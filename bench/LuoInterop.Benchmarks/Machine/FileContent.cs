namespace LuoInterop.Benchmarks;

/// <summary>Says what a file of some size has of its pages before it is preserved.</summary>
public enum FileContent
{
    /// <summary>All of them.</summary>
    Dense,

    /// <summary>None: the file is one hole, which preserving fills.</summary>
    Sparse,
}

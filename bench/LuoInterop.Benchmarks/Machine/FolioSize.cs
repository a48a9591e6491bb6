namespace LuoInterop.Benchmarks;

/// <summary>Names the sizes in bytes of the folios that a file is made of.</summary>
internal static class FolioSize
{
    public const int Small = 4 << 10;
    public const int Huge = 2 << 20;
}

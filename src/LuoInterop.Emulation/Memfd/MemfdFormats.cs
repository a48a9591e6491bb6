namespace LuoInterop.Emulation.Memfd;

/// <summary>Says which form of record the handler of memory files writes, and which it reads. Immutable.</summary>
internal sealed record MemfdFormats(MemfdFormat Writes, IReadOnlyList<MemfdFormat> Reads)
{
    private const string WriteParameter = "memfd_luo.write=";
    private const string ReadParameter = "memfd_luo.read=";

    /// <summary>Reads the parameters of the preview: without them all forms are read, and the release's own one is written.</summary>
    /// <remarks>A value that names no form is ignored, as Linux does with a module's parameter that it cannot read.</remarks>
    public static MemfdFormats Parse(IReadOnlyList<string> words, MemfdFormat own)
    {
        MemfdFormat writes = own;
        IReadOnlyList<MemfdFormat> reads = MemfdFormat.All;
        foreach (string word in words)
        {
            if (word.StartsWith(WriteParameter, StringComparison.Ordinal))
            {
                writes = MemfdFormat.Find(word[WriteParameter.Length..]) ?? writes;
            }
            else if (word.StartsWith(ReadParameter, StringComparison.Ordinal))
            {
                MemfdFormat?[] named = Array.ConvertAll(word[ReadParameter.Length..].Split(','), MemfdFormat.Find);
                reads = Array.Exists(named, static format => format is null) ? reads : [.. named.OfType<MemfdFormat>().Distinct()];
            }
        }

        return new MemfdFormats(writes, reads);
    }
}

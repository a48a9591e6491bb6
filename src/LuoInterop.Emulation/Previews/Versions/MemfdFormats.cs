using LuoInterop.Emulation.Memfd;
using LuoInterop.KernelImages;

namespace LuoInterop.Emulation.Previews.Versions;

/// <summary>Says which form of record the handler of memory files writes, and which it reads. Immutable.</summary>
internal sealed record MemfdFormats(MemfdFormat Writes, IReadOnlyList<MemfdFormat> Reads)
{
    private const string WriteParameter = "memfd_luo.write";
    private const string ReadParameter = "memfd_luo.read";

    /// <summary>Reads the parameters of the preview: without them all forms are read, and the release's own one is written.</summary>
    /// <remarks>A value that names no form is ignored, as Linux does with a module's parameter that it cannot read.</remarks>
    public static MemfdFormats Parse(IReadOnlyList<KernelParameter> parameters, MemfdFormat own)
    {
        MemfdFormat writes = own;
        IReadOnlyList<MemfdFormat> reads = MemfdFormat.All;
        foreach (KernelParameter parameter in parameters)
        {
            if (parameter.Value is { } value && parameter.Is(WriteParameter))
            {
                writes = MemfdFormat.Find(value) ?? writes;
            }
            else if (parameter.Value is { } list && parameter.Is(ReadParameter))
            {
                MemfdFormat?[] named = Array.ConvertAll(list.Split(','), MemfdFormat.Find);
                reads = Array.Exists(named, static format => format is null) ? reads : [.. named.OfType<MemfdFormat>().Distinct()];
            }
        }

        return new MemfdFormats(writes, reads);
    }
}

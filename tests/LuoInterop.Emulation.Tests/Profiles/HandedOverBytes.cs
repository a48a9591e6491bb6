using System.Text;
using LuoInterop.Emulation.Kho;

namespace LuoInterop.Emulation.Tests.Profiles;

/// <summary>Looks for the handover in the machine's memory, between two kernels too.</summary>
internal static class HandedOverBytes
{
    /// <summary>Finds the only place that a text begins at; runs to the end of its page.</summary>
    public static Span<byte> Find(this PhysicalMemory memory, string text)
    {
        byte[] wanted = Encoding.ASCII.GetBytes(text);
        ulong page = memory.PopulatedPages().Single(pfn => memory.Page(pfn).IndexOf(wanted) >= 0);
        return memory.Page(page)[memory.Page(page).IndexOf(wanted)..];
    }

    /// <summary>Overwrites a text by another of its length.</summary>
    public static void Replace(this PhysicalMemory memory, string old, string text) => Encoding.ASCII.GetBytes(text, memory.Find(old));
}

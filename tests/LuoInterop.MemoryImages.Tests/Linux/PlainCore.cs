using System.Text;
using LuoInterop.Tests.Shared.ImageWriters;
using Xunit;

namespace LuoInterop.MemoryImages.Tests.Linux;

/// <summary>Writes the core that /proc/vmcore would be: makedumpfile wants program headers behind the ELF header, where QEMU has those
/// of sections, and the kernel's words in a note.</summary>
internal static class PlainCore
{
    // Documentation/arch/x86/x86_64/mm.rst: where all memory is mapped with nokaslr and four levels of page tables.
    private const ulong PageOffset = 0xffff_8880_0000_0000;
    private const int First = 8192;
    private const int VirtualAddress = 16;

    // kernel/vmcore_info.c: the note's header and its name, "VMCOREINFO", both in words of four bytes.
    private const int NoteHeader = 24;

    /// <summary>Writes one.</summary>
    /// <param name="raw">The memory.</param>
    /// <param name="vmcoreinfo">What the kernel says of its note: its physical address and its size, both in hexadecimal. Words found by
    /// their look could be those of the kernel before, and what follows them used again.</param>
    /// <param name="core">The file to write.</param>
    public static void Write(string raw, string vmcoreinfo, string core)
    {
        string[] told = vmcoreinfo.Split(' ', StringSplitOptions.TrimEntries);
        ulong at = Convert.ToUInt64(told[0], 16);
        byte[] words = new byte[Convert.ToInt32(told[1], 16)];
        using (MemoryImage image = MemoryImage.Open(raw))
        {
            Assert.True(image.TryRead(at, words));
        }

        Assert.True(words.AsSpan(NoteHeader).StartsWith("OSRELEASE="u8), vmcoreinfo);
        string info = VmCoreInfo.Parse(words.AsSpan(NoteHeader)).Text;
        ulong length = (ulong)new FileInfo(raw).Length;
        byte[] note = ElfWriter.Note("VMCOREINFO", 0, Encoding.ASCII.GetBytes(info));
        byte[] segment = ElfWriter.Program(1, First, 0, length, length);
        BitConverter.TryWriteBytes(segment.AsSpan(VirtualAddress), PageOffset);
        using FileStream file = File.Create(core);
        file.Write(ElfWriter.Header(2));
        file.Write(ElfWriter.Program(4, 64 + (2 * 56), 0, (ulong)note.Length, (ulong)note.Length));
        file.Write(segment);
        file.Write(note);
        file.Position = First;
        using FileStream memory = File.OpenRead(raw);
        memory.CopyTo(file);
    }
}

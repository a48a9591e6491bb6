using System.Text;
using LuoInterop.Tests.Shared.ImageWriters;

namespace LuoInterop.MemoryImages.Tests.Linux;

/// <summary>Writes the core that /proc/vmcore would be: makedumpfile wants program headers behind the ELF header, where QEMU has those
/// of sections, and the kernel's words in a note.</summary>
internal static class PlainCore
{
    // Documentation/arch/x86/x86_64/mm.rst: where all memory is mapped with nokaslr and four levels of page tables.
    private const ulong PageOffset = 0xffff_8880_0000_0000;
    private const int First = 8192;
    private const int VirtualAddress = 16;

    public static void Write(string raw, string core)
    {
        string info;
        using (MemoryImage image = MemoryImage.Open(raw))
        {
            // One that kexec started lies elsewhere than one that firmware did, and what that said of itself may be there still.
            IReadOnlyList<FoundKernel> kernels = HandoverSearch.Find(image).Kernels;
            info = (kernels.FirstOrDefault(static kernel => kernel.Info["NUMBER(phys_base)"] != "0") ?? kernels[^1]).Info.Text;
        }

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

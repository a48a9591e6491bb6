namespace MiniVmm.Boot;

/// <summary>Says where and with what a vCPU enters a guest: in 64-bit mode, paging on, interrupts off.</summary>
/// <param name="Rip">The first instruction.</param>
/// <param name="Rsi">For Linux the address of its boot_params, else 0.</param>
/// <param name="Rdi">For the other guests the vCPU's number, else 0.</param>
/// <param name="Rsp">The end of the vCPU's stack, or 0 where the guest has one of its own.</param>
/// <param name="Cr3">The page tables, which map every address to itself.</param>
/// <param name="GdtAddress">The GDT: <see cref="LongMode.CodeSelector"/> and <see cref="LongMode.DataSelector"/> are in it.</param>
/// <param name="GdtLimit">The offset of the GDT's last byte.</param>
internal readonly record struct BootEntry(
    ulong Rip, ulong Rsi, ulong Rdi, ulong Rsp, ulong Cr3, ulong GdtAddress, ushort GdtLimit);

namespace LuoInterop.Emulation.Kho;

/// <summary>Holds what the boot protocol tells a kernel of a handover: <c>struct kho_data</c> of setup_data type 10 (x86).</summary>
/// <param name="FdtAddress">The physical address of the root device tree (<c>fdt_addr</c>).</param>
/// <param name="FdtSize">Its bytes (<c>fdt_size</c>).</param>
/// <param name="ScratchAddress">The physical address of the array of scratch areas (<c>scratch_addr</c>).</param>
/// <param name="ScratchSize">Its bytes (<c>scratch_size</c>).</param>
internal readonly record struct KhoSetupData(ulong FdtAddress, ulong FdtSize, ulong ScratchAddress, ulong ScratchSize);

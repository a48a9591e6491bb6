namespace LuoInterop.KernelImages;

/// <summary>Says what kind of file a kernel image is.</summary>
public enum KernelImageFormat
{
    /// <summary>An x86 kernel with a setup header (<c>Documentation/arch/x86/boot.rst</c>).</summary>
    BzImage,

    /// <summary>An ELF file, as the kernel's build leaves it at <c>vmlinux</c>.</summary>
    Vmlinux,

    /// <summary>An arm64 kernel (<c>Documentation/arch/arm64/booting.rst</c>).</summary>
    Arm64Image,

    /// <summary>A kernel packed into an EFI program (<c>drivers/firmware/efi/libstub/zboot-header.S</c>).</summary>
    EfiZboot,

    /// <summary>An EFI program with a kernel, its initial RAM disk and its command line in sections (UKI).</summary>
    UnifiedKernelImage,
}

/// <summary>Says how the kernel inside an image is packed.</summary>
public enum KernelCompression
{
    /// <summary>It is not.</summary>
    None,

    /// <summary>gzip (CONFIG_KERNEL_GZIP).</summary>
    Gzip,

    /// <summary>xz (CONFIG_KERNEL_XZ).</summary>
    Xz,

    /// <summary>bzip2 (CONFIG_KERNEL_BZIP2).</summary>
    Bzip2,

    /// <summary>LZMA without a container (CONFIG_KERNEL_LZMA).</summary>
    Lzma,

    /// <summary>lzop (CONFIG_KERNEL_LZO).</summary>
    Lzo,

    /// <summary>LZ4's legacy frames (CONFIG_KERNEL_LZ4).</summary>
    Lz4,

    /// <summary>Zstandard (CONFIG_KERNEL_ZSTD).</summary>
    Zstd,
}

/// <summary>Says for which processors a kernel is.</summary>
public enum KernelArchitecture
{
    /// <summary>The file does not say, or one that is not named here.</summary>
    Unknown,

    /// <summary>x86-64, or 32-bit x86.</summary>
    X86,

    /// <summary>arm64.</summary>
    Arm64,
}

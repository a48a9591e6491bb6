namespace LuoInterop.Emulation.Tests.Fdt;

/// <summary>Names what a tree is judged as: KHO's root tree, or LUO's of Linux 7.0 (with objects) and 6.19.
/// The numbers are those of oracle.c.</summary>
internal enum FdtForm : byte
{
    KhoV4,
    KhoV3,
    KhoV1,
    LuoWithFlb,
    Luo,
}

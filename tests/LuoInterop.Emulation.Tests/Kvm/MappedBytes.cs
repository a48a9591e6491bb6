using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Kvm;

/// <summary>Touches mappings by system calls, which report what a load or store would end the process for.</summary>
internal static unsafe class MappedBytes
{
    /// <summary>Stores the byte 1 at a place of a mapping: 1, or EFAULT.</summary>
    public static nint TryFill(this Kernel kernel, MemfdMapping mapping, long offset)
    {
        using Descriptor source = kernel.MemfdWith([1]);
        return TryFill(kernel, source, mapping.Address + offset);
    }

    /// <summary>Stores the first byte of a file at an address: 1, or EFAULT.</summary>
    public static nint TryFill(Kernel kernel, Descriptor source, byte* address) => kernel.PRead(source, new Span<byte>(address, 1), 0);
}

using System.Runtime.InteropServices;

namespace LuoInterop.Interop;

/// <summary>Views an ioctl structure as the bytes that the kernel reads and writes.</summary>
internal static class Bytes
{
    public static Span<byte> Of<T>(ref T structure)
        where T : unmanaged =>
        MemoryMarshal.AsBytes(new Span<T>(ref structure));
}

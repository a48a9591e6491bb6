namespace LuoInterop.Emulation;

/// <summary>Reports that the emulated kernel panicked.</summary>
/// <remarks>
/// It comes from <see cref="EmulatedMachine.Boot"/>, or from a call that made the kernel follow a bad address. The machine is
/// then off, and its memory lost; the next boot is a cold one. <see cref="Exception.Message"/> is the kernel's own text.
/// </remarks>
/// <param name="message">The kernel's own message.</param>
public sealed class EmulatedKernelPanicException(string message) : Exception(message)
{
    /// <summary>Makes the panic of a kernel that follows an address at which there is no memory.</summary>
    internal static EmulatedKernelPanicException PageFault(ulong address) =>
        new($"BUG: unable to handle page fault for address: 0x{address:x}");
}

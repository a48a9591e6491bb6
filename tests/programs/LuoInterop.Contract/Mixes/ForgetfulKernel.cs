using System.Runtime.InteropServices;

namespace LuoInterop.Contract.Mixes;

/// <summary>Passes calls on, but refuses the create that would remove an empty block, so that one stays.</summary>
internal sealed class ForgetfulKernel(Kernel inner) : ForwardingKernel(inner)
{
    /// <summary>Gets or sets whether creates that settle are refused.</summary>
    public bool Refuses { get; set; } = true;

    public override int Ioctl(SafeHandle file, uint request, Span<byte> argument) =>
        Refuses && request == RawIoctl.CreateSession && argument[8..].StartsWith("luointerop-settle-"u8)
            ? -(int)Errno.EMFILE
            : base.Ioctl(file, request, argument);
}

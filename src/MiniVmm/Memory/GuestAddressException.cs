namespace MiniVmm.Memory;

/// <summary>Tells that guest addresses are not guest RAM, or not of one range of it.</summary>
internal sealed class GuestAddressException(ulong guestAddress, long length, string reason)
    : Exception($"Guest addresses 0x{guestAddress:x} and {length} bytes on are not usable: {reason}.")
{
    /// <summary>Gets the first address that was asked for.</summary>
    public ulong GuestAddress { get; } = guestAddress;

    /// <summary>Gets how many bytes were asked for.</summary>
    public long Length { get; } = length;
}

namespace LuoInterop.Kvm;

/// <summary>Describes an access to a port (KVM_EXIT_IO); its data are <see cref="KvmVcpu.PortData"/>.</summary>
/// <param name="IsWrite">Whether the guest writes (OUT).</param>
/// <param name="Size">The bytes of one access: 1, 2 or 4.</param>
/// <param name="Port">The port's number.</param>
/// <param name="Count">How many accesses, more than one for string instructions.</param>
public readonly record struct KvmPortAccess(bool IsWrite, int Size, ushort Port, int Count);

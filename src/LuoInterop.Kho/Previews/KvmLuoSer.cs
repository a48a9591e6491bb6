using System.Buffers.Binary;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho.Previews;

/// <summary>Codes <c>struct kvm_luo_ser</c> of "kvm_vm_luo_v1", what is kept of a VM.</summary>
/// <remarks>
/// Posted, not merged: <c>include/linux/kho/abi/kvm.h</c> of v4, 20260728121138.1103610-1-tarunsahu@google.com. Later RFCs add members
/// under the same name; only this form is known here.
/// </remarks>
/// <param name="Type">The type of the VM, as KVM_CREATE_VM takes it.</param>
internal readonly record struct KvmLuoSer(ulong Type) : IKhoSer<KvmLuoSer>
{
    public const int Size = 8;

    /// <summary>The handler's name in <see cref="LuoFileSer.Compatible"/>.</summary>
    public const string KVM_LUO_FH_COMPATIBLE = "kvm_vm_luo_v1";

    static int IKhoSer<KvmLuoSer>.SerSize => Size;

    public static KvmLuoSer Read(ReadOnlySpan<byte> source)
    {
        KhoFormatException.RequireSize(source, Size, "kvm_luo_ser");
        return new KvmLuoSer(BinaryPrimitives.ReadUInt64LittleEndian(source));
    }

    public void Write(Span<byte> destination) => BinaryPrimitives.WriteUInt64LittleEndian(destination, Type);
}

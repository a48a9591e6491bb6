using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho.Previews;

/// <summary>Reads the records of handlers that are posted for Linux and not merged, in the forms that the emulated kernel writes.</summary>
internal static class PreviewReader
{
    private delegate HandoverPreview Decode(ReadOnlySpan<byte> bytes);

    /// <summary>Reads a file's record; null for a handler of which no posted form is known here.</summary>
    /// <exception cref="KhoFormatException">The record is not in memory.</exception>
    public static HandoverPreview? Read(IPhysicalMemory memory, LuoFileSer file) => file.Compatible switch
    {
        HugeMemfdSer.HUGE_MEMFD_COMPATIBLE => Read(memory, file.Data, HugeMemfdSer.Size, "hugemfd_ser", HugeMemfd),
        GuestMemfdLuoSer.GUEST_MEMFD_LUO_FH_COMPATIBLE => Read(
            memory, file.Data, GuestMemfdLuoSer.Size, "guest_memfd_luo_ser", GuestMemfd),
        KvmLuoSer.KVM_LUO_FH_COMPATIBLE => Read(memory, file.Data, KvmLuoSer.Size, "kvm_luo_ser", KvmVm),
        _ => null,
    };

    private static HandoverPreview Read(IPhysicalMemory memory, ulong address, int size, string structure, Decode decode)
    {
        byte[] bytes = new byte[size];
        return memory.TryRead(address, bytes) ? decode(bytes) : throw KhoFormatException.Unreadable(address, structure);
    }

    private static HandoverPreview HugeMemfd(ReadOnlySpan<byte> bytes)
    {
        HugeMemfdSer ser = HugeMemfdSer.Read(bytes);
        return new HandoverPreview(
            "hugemfd_ser", [new("size", ser.FileSize), new("pos", ser.Pos), new("nr_folios", ser.NrFolios), new("order", ser.Order)]);
    }

    private static HandoverPreview GuestMemfd(ReadOnlySpan<byte> bytes)
    {
        GuestMemfdLuoSer ser = GuestMemfdLuoSer.Read(bytes);
        return new HandoverPreview(
            "guest_memfd_luo_ser",
            [new("size", ser.FileSize), new("flags", ser.Flags), new("nr_folios", ser.NrFolios), new("vm_token", ser.VmToken)]);
    }

    private static HandoverPreview KvmVm(ReadOnlySpan<byte> bytes) =>
        new("kvm_luo_ser", [new("type", KvmLuoSer.Read(bytes).Type)]);
}

using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;
using LuoInterop.Emulation.Kvm;
using LuoInterop.Emulation.Luo;
using LuoInterop.Kho.Previews;
using Tmds.Linux;

namespace LuoInterop.Emulation.Previews.GuestMemfd;

/// <summary>Preserves VMs: their type, and nothing else (virt/kvm/kvm_luo.c of the posting
/// 20260728121138.1103610-1-tarunsahu@google.com).</summary>
/// <remarks>Guarded by the running kernel's lock.</remarks>
internal sealed class KvmLuoHandler(KexecHandover handover, KvmModule kvm) : FileHandler
{
    public override string Compatible => KvmLuoSer.KVM_LUO_FH_COMPATIBLE;

    public override bool CanPreserve(OpenFile file) => file is VmFile;

    public override int Preserve(LuoFile file, in statx status)
    {
        ulong address = handover.AllocatePreserved();
        if (address == 0)
        {
            return Refused.ENOMEM;
        }

        new KvmLuoSer(((VmFile)file.Own!).Vm.Type).Write(handover.Memory.Structure(address, KvmLuoSer.Size));
        file.SerializedData = address;
        return 0;
    }

    public override void Unpreserve(LuoFile file) => handover.UnpreserveFree(file.SerializedData);

    // The new VM belongs to the process that asks: for the VM, or for memory of it.
    public override int Retrieve(LuoFile file)
    {
        if (file.SerializedData == 0)
        {
            return Refused.EINVAL;
        }

        KvmLuoSer ser = KvmLuoSer.Read(handover.Memory.Structure(file.SerializedData, KvmLuoSer.Size));
        int error = kvm.CreateVm(ser.Type, kvm.NextRestoredName(), file.Files.Luo.Caller!, out VmFile? made);
        if (error == 0)
        {
            file.Own = made;
            file.Id = made!.Key;
        }

        handover.RestoreFree(file.SerializedData);
        return error;
    }

    public override void Finish(LuoFile file)
    {
        if (file.RetrieveStatus == 0 && file.SerializedData != 0)
        {
            handover.RestoreFree(file.SerializedData);
        }
    }
}

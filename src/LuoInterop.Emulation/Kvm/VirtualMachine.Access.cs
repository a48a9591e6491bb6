using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;
using LuoInterop.Kvm.Interop;

namespace LuoInterop.Emulation.Kvm;

/// <content>What guests do to their memory.</content>
internal sealed partial class VirtualMachine
{
    /// <summary>Does a guest's access inside one page, as the processor and its page fault do (kvm_mmu_faultin_pfn).
    /// Needs no lock.</summary>
    /// <param name="process">Whose thread runs the vCPU.</param>
    /// <param name="address">The guest-physical address.</param>
    /// <param name="data">Is read for a store, and written for a load.</param>
    /// <param name="isStore">Which of both.</param>
    /// <param name="error">What KVM_RUN returns for a fault: EPERM, EFAULT, EHWPOISON, ENOMEM.</param>
    /// <remarks>The whole access is inside the gate: a freeze that has returned knows that no access from before it goes on.</remarks>
    public GuestAccess Access(EmulatedProcess process, ulong address, Span<byte> data, bool isStore, out int error)
    {
        int region = Srcu.Enter();
        int gate = Kvm.FreezeGate.Enter();
        try
        {
            process.ThrowIfDead();
            error = 0;
            ulong frame = address >> PhysicalMemory.PageShift;
            int offset = (int)(address & (PhysicalMemory.PageSize - 1));
            if (FindSlot(frame) is not { } slot || (isStore && (slot.Flags & KvmHeader.KVM_MEM_READONLY) != 0))
            {
                return GuestAccess.NoRegion;
            }

            ulong page = frame - slot.FirstFrame;
            if (!slot.IsGuestMemfdOnly)
            {
                nint user = (nint)(slot.UserAddress + (page << PhysicalMemory.PageShift)) + offset;
                error = isStore ? ProcessMemory.CopyTo(user, data) : ProcessMemory.CopyFrom(user, data);
                return error == 0 ? GuestAccess.Done : GuestAccess.BadUserMemory;
            }

            long index = (long)(slot.MemoryPage + page);
            error = slot.Memory is not { } memory ? Refused.EFAULT
                : isStore ? memory.Inode.Write(index, offset, data)
                : memory.Inode.Read(index, offset, data);
            return error == 0 ? GuestAccess.Done : GuestAccess.MemoryFault;
        }
        finally
        {
            Kvm.FreezeGate.Exit(gate);
            Srcu.Exit(region);
        }
    }
}

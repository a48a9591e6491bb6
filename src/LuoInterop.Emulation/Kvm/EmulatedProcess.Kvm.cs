using System.Runtime.InteropServices;
using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kvm;
using LuoInterop.Interop;
using LuoInterop.Kvm;

namespace LuoInterop.Emulation;

/// <content>Virtual machines: the calls that run without the running kernel's lock, and the mappings of their memory.</content>
public sealed partial class EmulatedProcess
{
    /// <summary>Gets the table of this process, which stands for its memory too (<c>current->mm</c>).</summary>
    internal FileDescriptorTable Descriptors => _descriptors;

    /// <summary>Gives a vCPU the program that KVM_RUN runs; without one it has that of
    /// <see cref="EmulatedMachineOptions.DefaultGuest"/>.</summary>
    /// <param name="vcpu">A vCPU of this process, for instance <see cref="KvmVcpu.Handle"/>. It stays the caller's.</param>
    /// <param name="program">
    /// The program. KVM_RUN calls it on its own thread, without the emulated kernel's lock. What it throws comes out of KVM_RUN.
    /// </param>
    /// <exception cref="ArgumentException">The descriptor is no vCPU.</exception>
    public void SetGuest(SafeHandle vcpu, Action<EmulatedGuest> program)
    {
        ArgumentNullException.ThrowIfNull(program);
        using var descriptor = new DescriptorReference(vcpu);
        using (Enter())
        {
            if (!_descriptors.Owns(descriptor.Fd) || _descriptors.Get(descriptor.Fd) is not VcpuFile file)
            {
                throw new ArgumentException("The descriptor is no vCPU of this process.", nameof(vcpu));
            }

            file.SetProgram(program);
        }
    }

    /// <summary>Throws when the kernel or the process is gone; safe without the lock.</summary>
    internal void ThrowIfDead()
    {
        if (_system.HasEnded || _wasKilled || _hasExited)
        {
            throw Death();
        }
    }

    // A file that a call uses without the lock is kept open meanwhile.
    private void Return(OpenFile file)
    {
        lock (_system.Lock)
        {
            if (!_system.HasEnded)
            {
                file.Put();
            }
        }
    }

    private int IoctlUnlocked(VcpuFile vcpu, uint request, UserMemory argument)
    {
        try
        {
            return vcpu.Ioctl(this, request, argument);
        }
        finally
        {
            Return(vcpu);
        }
    }

    private int AllocateUnlocked(OpenFile file, int mode, long offset, long length)
    {
        try
        {
            return file.Allocate(this, mode, offset, length);
        }
        finally
        {
            Return(file);
        }
    }

    // Takes a vCPU's reference for a request that runs without the lock; null for all others.
    private VcpuFile? TakeVcpu(int fd, uint request)
    {
        if (!VcpuFile.IsOwn(request) || !_descriptors.Owns(fd) || _descriptors.Get(fd) is not VcpuFile vcpu)
        {
            return null;
        }

        vcpu.Get();
        return vcpu;
    }

    // munmap(2) of what may be a guest_memfd's mapping, under the lock: nobody may open or close its holes meanwhile.
    private bool TryUnmapGuestMemory(nint address, nuint length, out int error)
    {
        error = 0;
        if (_system.HasEnded || _system.Kvm is not { } kvm || !kvm.Mappings.Overlaps(address, length))
        {
            return false;
        }

        error = Linux.MUnmap(address, length);
        if (error == 0)
        {
            kvm.Mappings.Remove(address, length);
        }

        return true;
    }

    // madvise(2) on a guest_memfd's mapping, as far as the host would answer otherwise: null where it would not.
    private int? AdviseGuestMemory(nint address, nuint length, int advice)
    {
        if (_system.Kvm is not { } kvm || kvm.Mappings.Find(address) is not { } mapping)
        {
            return null;
        }

        GuestMemfdInode inode = mapping.File.Inode;
        switch (advice)
        {
            case MmanHeader.MADV_REMOVE:
                // Under the lock, so that PRESERVE_FD in another thread comes before or after it.
                return inode.IsFrozen ? Refused.EPERM : Linux.MAdvise(address, length, advice);
            case MmanHeader.MADV_POPULATE_READ or MmanHeader.MADV_POPULATE_WRITE:
                int error = Linux.MAdvise(address, length, advice);

                // The host names access rights that are missing; Linux the signal that the touch would be.
                return error == Refused.EINVAL && (inode.IsFrozen || !inode.IsShared) ? Refused.EFAULT : error;
            default:
                return null;
        }
    }
}

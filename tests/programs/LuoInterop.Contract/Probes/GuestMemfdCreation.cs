using LuoInterop.Interop;
using LuoInterop.Kvm;
using LuoInterop.Kvm.Interop;
using Xunit;

namespace LuoInterop.Contract.Probes;

/// <summary>Probes of KVM_CREATE_GUEST_MEMFD, and of the file that it makes.</summary>
public static class GuestMemfdCreation
{
    private const GuestMemfdOptions Both = GuestMemfdOptions.Map | GuestMemfdOptions.InitShared;

    public static void Capabilities_OfAnOrdinaryVm(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        foreach (Func<KvmCapability, int> ask in (Func<KvmCapability, int>[])[probe.Device.CheckExtension, probe.Vm.CheckExtension])
        {
            Assert.Equal(1, ask(KvmCapability.UserMemory2));
            Assert.Equal(1, ask(KvmCapability.GuestMemfd));
            Assert.Equal(3, ask(KvmCapability.GuestMemfdFlags));
            Assert.Equal(1, ask(KvmCapability.MemoryFaultInfo));
            Assert.Equal(1, ask(KvmCapability.ReadOnlyMemory));
            Assert.Equal(0, ask(KvmCapability.MemoryAttributes));
            Assert.Equal(1, ask(KvmCapability.VmTypes));
            Assert.Equal(0, ask((KvmCapability)100_000));
        }

        Assert.Equal(Both, probe.Vm.SupportedGuestMemfdOptions);
        Assert.Equal(3 * ProbeVm.Page, probe.Device.VcpuMapSize);
    }

    public static void VmType_OtherThanTheDefault_EINVAL_WithoutItsSupport(Kernel kernel)
    {
        using KvmDevice device = KvmDevice.Open(kernel);
        foreach (uint type in (uint[])[1, 2, 3, 4, 5, 6, 31, 32, uint.MaxValue])
        {
            Refused.With(Errno.EINVAL, () => device.CreateVm((KvmVmType)type));
        }
    }

    public static void Create_EverySetOfKnownFlags_IsTaken(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        for (ulong flags = 0; flags <= 3; flags++)
        {
            Refused.Not(probe.TryCreate(ProbeVm.Page, flags));
        }
    }

    public static void Create_UnknownFlag_EINVAL(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        for (int bit = 2; bit < 64; bit++)
        {
            Refused.With(Errno.EINVAL, probe.TryCreate(ProbeVm.Page, 1UL << bit));
        }
    }

    public static void Create_SizeZeroNegativeOrUnaligned_EINVAL(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        foreach (ulong size in (ulong[])[0, 1, 4095, 4097, 1UL << 63, unchecked((ulong)-4096L)])
        {
            Refused.With(Errno.EINVAL, probe.TryCreate(size, 3));
        }
    }

    public static void Create_LargerThanAnyMemory_IsTaken(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        Refused.Not(probe.TryCreate(1UL << 50, 3));
        Refused.Not(probe.TryCreate(long.MaxValue - 4095, 3));
    }

    public static unsafe void Create_ReservedWords_AreIgnored(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        kvm_create_guest_memfd argument = default;
        argument.size = ProbeVm.Page;
        for (int i = 0; i < 6; i++)
        {
            argument.reserved[i] = ulong.MaxValue;
        }

        long fd = Refused.Not(kernel.Ioctl(probe.Vm.Handle, KvmHeader.KVM_CREATE_GUEST_MEMFD, (nint)(&argument)));
        Assert.Equal(0, kernel.Close((int)fd));
    }

    public static void Create_UnreadableArgument_EFAULT(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        using UserMemory nowhere = UserMemory.Unmapped(kernel);
        Refused.With(Errno.EFAULT, kernel.Ioctl(probe.Vm.Handle, KvmHeader.KVM_CREATE_GUEST_MEMFD, nowhere.Address));
    }

    public static void Create_OnADescriptorThatIsNoVm_EINVALorENOTTY(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        using KvmVcpu vcpu = probe.Vm.CreateVcpu();
        using UserMemory nowhere = UserMemory.Unmapped(kernel);
        Refused.With(Errno.EINVAL, kernel.Ioctl(probe.Device.Handle, KvmHeader.KVM_CREATE_GUEST_MEMFD, nowhere.Address));
        Refused.With(Errno.EINVAL, kernel.Ioctl(vcpu.Handle, KvmHeader.KVM_CREATE_GUEST_MEMFD, nowhere.Address));
        Refused.With(Errno.ENOTTY, kernel.Ioctl(probe.Memory().Handle, KvmHeader.KVM_CREATE_GUEST_MEMFD, nowhere.Address));
        Refused.With(Errno.ENOTTY, kernel.Ioctl(probe.Vm.Handle, KvmHeader.KVM_CREATE_VM, 0));
    }

    public static unsafe void Create_WithoutCloseOnExec_WhichTheLibraryAdds(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        kvm_create_guest_memfd argument = default;
        argument.size = ProbeVm.Page;
        int fd = (int)Refused.Not(kernel.Ioctl(probe.Vm.Handle, KvmHeader.KVM_CREATE_GUEST_MEMFD, (nint)(&argument)));
        using (var raw = new Microsoft.Win32.SafeHandles.SafeFileHandle(fd, ownsHandle: true))
        {
            Assert.Equal(0, kernel.Fcntl(raw, FcntlHeader.F_GETFD));
        }

        Assert.Equal(FcntlHeader.FD_CLOEXEC, kernel.Fcntl(probe.Memory().Handle, FcntlHeader.F_GETFD));
        Assert.Equal(FcntlHeader.FD_CLOEXEC, kernel.Fcntl(probe.Vm.Handle, FcntlHeader.F_GETFD));
    }

    public static void File_IsARegularOneOfItsOwnFileSystem(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        GuestMemfd memory = probe.Memory();
        FileStatus status = memory.Status;
        Assert.Equal(MagicHeader.GUEST_MEMFD_MAGIC, status.FileSystemType);
        Assert.Equal((StatHeader.S_IFREG | 0x180u, 16L * ProbeVm.Page, 0L), (status.Mode, status.Size, status.Blocks));
        Assert.Equal(1u, status.Links);
        Assert.NotEqual(status.Inode, probe.Memory().Status.Inode);
        Assert.Equal(0, kernel.ReadLink(memory.Handle, out string text));
        Assert.Equal("/[kvm-gmem] (deleted)", text);
        Assert.Equal(FcntlHeader.O_RDWR | FcntlHeader.O_LARGEFILE, kernel.Fcntl(memory.Handle, FcntlHeader.F_GETFL));
        Assert.Equal(0, kernel.ReadLink(probe.Vm.Handle, out text));
        Assert.Equal("anon_inode:kvm-vm", text);
    }

    public static void File_CannotBeReadWrittenOrMoved(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        GuestMemfd memory = probe.Memory();
        byte[] buffer = new byte[16];
        Refused.With(Errno.EINVAL, kernel.Read(memory.Handle, buffer));
        Refused.With(Errno.EINVAL, kernel.Write(memory.Handle, buffer));
        Refused.With(Errno.ESPIPE, kernel.PRead(memory.Handle, buffer, 0));
        Refused.With(Errno.ESPIPE, kernel.PWrite(memory.Handle, buffer, 0));
        Refused.With(Errno.ESPIPE, kernel.LSeek(memory.Handle, 0, SeekOrigin.Current));
    }

    public static void File_CannotBeResizedChangedOrSealed(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        GuestMemfd memory = probe.Memory();
        Refused.With(Errno.EINVAL, kernel.FTruncate(memory.Handle, ProbeVm.Page));
        Refused.With(Errno.EINVAL, kernel.FTruncate(memory.Handle, 16 * ProbeVm.Page));
        Refused.With(Errno.EINVAL, kernel.FChmod(memory.Handle, 0x1FF));
        Refused.With(Errno.EINVAL, kernel.Fcntl(memory.Handle, FcntlHeader.F_GET_SEALS));
        Refused.With(Errno.EINVAL, kernel.Fcntl(memory.Handle, FcntlHeader.F_ADD_SEALS, FcntlHeader.F_SEAL_SHRINK));
        Assert.Equal(16L * ProbeVm.Page, memory.Size);
    }

    public static void File_OutlivesTheVmsDescriptor(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        GuestMemfd memory = probe.Memory();
        probe.Vm.Dispose();
        probe.Device.Dispose();
        memory.Allocate(0, ProbeVm.Page);
        using MemfdMapping mapping = memory.Map();
        mapping.GetSpan(0, 1)[0] = 7;
        memory.Dispose();
        Assert.Equal(7, mapping.GetSpan(0, 1)[0]);
    }
}

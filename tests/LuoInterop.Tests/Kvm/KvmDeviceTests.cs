using LuoInterop.Kvm;

namespace LuoInterop.Tests.Kvm;

/// <summary>Proves what opening and creating do when the kernel does not play along.</summary>
public sealed class KvmDeviceTests
{
    [Fact]
    public void Open_WithoutANode_SaysWhy()
    {
        KernelException error = Assert.Throws<KernelException>(() => KvmDevice.Open(Kernel.Linux, "/nonexistent/kvm"));

        Assert.Equal(Errno.ENOENT, error.Errno);
        Assert.Contains("kvm_amd", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_OfAnotherDevice_SaysSo()
    {
        KernelException error = Assert.Throws<KernelException>(() => KvmDevice.Open(Kernel.Linux, "/dev/null"));

        Assert.Equal(Errno.ENOTTY, error.Errno);
        Assert.Contains("not KVM's device", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_OfAnotherVersion_IsRefused_AndClosed()
    {
        var kernel = new ScriptedKvm { Version = 13 };

        Assert.Throws<NotSupportedException>(() => KvmDevice.Open(kernel));

        Assert.Equal(0, kernel.OpenDescriptors);
    }

    [Fact]
    public void Vcpu_WithLessSharedMemoryThanItsStructure_IsRefused_AndClosed()
    {
        var kernel = new ScriptedKvm { VcpuMapSize = 2351 };
        using KvmDevice device = KvmDevice.Open(kernel);
        using KvmVm vm = device.CreateVm();

        Assert.Throws<NotSupportedException>(() => vm.CreateVcpu());

        Assert.Equal(2, kernel.OpenDescriptors);
    }

    [Fact]
    public void GuestMemfd_ThatCannotBeClosedOnExec_IsClosed()
    {
        var kernel = new ScriptedKvm { FcntlResult = -(int)Errno.EBADF };
        using KvmDevice device = KvmDevice.Open(kernel);
        using KvmVm vm = device.CreateVm();

        Assert.Throws<KernelException>(() => vm.CreateGuestMemfd(4096));

        Assert.Equal(2, kernel.OpenDescriptors);
    }

    [Fact]
    public void GuestMemfd_WithoutSharedPages_IsNotMapped()
    {
        var kernel = new ScriptedKvm();
        using KvmDevice device = KvmDevice.Open(kernel);
        using KvmVm vm = device.CreateVm();
        using GuestMemfd memory = vm.CreateGuestMemfd(4096, GuestMemfdOptions.Map);

        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => memory.Map());

        Assert.Contains("SIGBUS", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Vm_OfADescriptorFromElsewhere_OwnsIt()
    {
        var kernel = new ScriptedKvm();
        using KvmDevice device = KvmDevice.Open(kernel);
        KvmVm first = device.CreateVm();

        using (var adopted = new KvmVm(device, first.Handle))
        {
            adopted.CreateVcpu().Dispose();
        }

        Assert.True(first.Handle.IsClosed);
        Assert.Equal(1, kernel.OpenDescriptors);
    }
}

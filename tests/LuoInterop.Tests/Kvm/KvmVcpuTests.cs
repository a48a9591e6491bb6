using LuoInterop.Kvm;
using LuoInterop.Kvm.Interop;

namespace LuoInterop.Tests.Kvm;

/// <summary>Proves how exits are decoded, with offsets written out from <c>struct kvm_run</c>.</summary>
public sealed class KvmVcpuTests : IDisposable
{
    private const int ExitReason = 8;
    private const int Union = 32;

    private readonly ScriptedKvm _kernel = new();
    private readonly KvmDevice _device;
    private readonly KvmVm _vm;
    private readonly KvmVcpu _vcpu;

    public KvmVcpuTests()
    {
        _device = KvmDevice.Open(_kernel);
        _vm = _device.CreateVm();
        _vcpu = _vm.CreateVcpu();
    }

    [Fact]
    public void Port_IsDecoded_AndItsDataCanBeAnswered()
    {
        _kernel.Run = static page =>
        {
            ScriptedKvm.Put(page, ExitReason, 2, 4);
            ScriptedKvm.Put(page, Union, 0, 1);
            ScriptedKvm.Put(page, Union + 1, 2, 1);
            ScriptedKvm.Put(page, Union + 2, 0x3F8, 2);
            ScriptedKvm.Put(page, Union + 4, 3, 4);
            ScriptedKvm.Put(page, Union + 8, 4096, 8);
            ScriptedKvm.Put(page, 4096, 0x060504030201, 6);
            return 0;
        };

        Assert.Equal(KvmExitReason.Port, _vcpu.Run());

        Assert.Equal(new KvmPortAccess(IsWrite: false, 2, 0x3F8, 3), _vcpu.PortAccess);
        Assert.Equal([1, 2, 3, 4, 5, 6], _vcpu.PortData.ToArray());
        _vcpu.PortData[5] = 9;
        Assert.Equal(9, _vcpu.PortData[5]);
    }

    [Fact]
    public void PortData_OutsideOfTheSharedMemory_IsRefused()
    {
        _kernel.Run = static page =>
        {
            ScriptedKvm.Put(page, ExitReason, 2, 4);
            ScriptedKvm.Put(page, Union + 1, 1, 1);
            ScriptedKvm.Put(page, Union + 4, 1, 4);
            ScriptedKvm.Put(page, Union + 8, ScriptedKvm.MapSize, 8);
            return 0;
        };

        _vcpu.Run();

        Assert.Throws<ArgumentOutOfRangeException>(() => _vcpu.PortData.Length);
    }

    [Fact]
    public void Mmio_IsDecoded()
    {
        _kernel.Run = static page =>
        {
            ScriptedKvm.Put(page, ExitReason, 6, 4);
            ScriptedKvm.Put(page, Union, 0xFEC0_0000, 8);
            ScriptedKvm.Put(page, Union + 8, 0x1122334455667788, 8);
            ScriptedKvm.Put(page, Union + 16, 4, 4);
            ScriptedKvm.Put(page, Union + 20, 1, 1);
            return 0;
        };

        Assert.Equal(KvmExitReason.Mmio, _vcpu.Run());

        Assert.Equal(new KvmMmioAccess(0xFEC0_0000, 4, IsWrite: true), _vcpu.MmioAccess);
        Assert.Equal([0x88, 0x77, 0x66, 0x55], _vcpu.MmioData.ToArray());
    }

    [Fact]
    public void InternalError_IsDecoded()
    {
        _kernel.Run = static page =>
        {
            ScriptedKvm.Put(page, ExitReason, 17, 4);
            ScriptedKvm.Put(page, Union, 3, 4);
            return 0;
        };

        Assert.Equal(KvmExitReason.InternalError, _vcpu.Run());

        Assert.Equal(3u, _vcpu.InternalError);
    }

    /// <summary>KVM_RUN fails at a memory fault, with the reason of guest_memfd too.</summary>
    [Theory]
    [InlineData(Errno.EFAULT, 0, false)]
    [InlineData(Errno.EFAULT, 8, true)]
    [InlineData(Errno.EHWPOISON, 0, false)]
    [InlineData(Errno.EPERM, 0, false)]
    [InlineData(Errno.None, 0, false)]
    public void MemoryFault_IsAnExit_WithTheErrorOfTheCall(Errno errno, ulong flags, bool isPrivate)
    {
        _kernel.Run = page =>
        {
            ScriptedKvm.Put(page, ExitReason, 39, 4);
            ScriptedKvm.Put(page, Union, flags, 8);
            ScriptedKvm.Put(page, Union + 8, 0x1_0000_0000, 8);
            ScriptedKvm.Put(page, Union + 16, 4096, 8);
            return -(int)errno;
        };

        Assert.Equal(KvmExitReason.MemoryFault, _vcpu.Run());

        Assert.Equal(new KvmMemoryFault(errno, 0x1_0000_0000, 4096, isPrivate, flags), _vcpu.MemoryFault);
        Assert.Throws<InvalidOperationException>(() => _vcpu.PortAccess);
    }

    [Fact]
    public void Error_AfterAMemoryFault_IsNotTakenForOne()
    {
        _kernel.Run = static page =>
        {
            ScriptedKvm.Put(page, ExitReason, 39, 4);
            return -(int)Errno.EFAULT;
        };
        Assert.Equal(KvmExitReason.MemoryFault, _vcpu.Run());

        _kernel.Run = static _ => -(int)Errno.EFAULT;
        KernelException error = Assert.Throws<KernelException>(() => _vcpu.Run());

        Assert.Equal((Errno.EFAULT, "KVM_RUN"), (error.Errno, error.Operation));
        Assert.Throws<InvalidOperationException>(() => _vcpu.MemoryFault);
    }

    [Fact]
    public void Signal_IsAnExit()
    {
        _kernel.Run = static _ => -(int)Errno.EINTR;

        Assert.Equal(KvmExitReason.Interrupted, _vcpu.Run());
    }

    [Fact]
    public void AnotherError_IsThrown_WithItsMeaning()
    {
        _kernel.Run = static _ => -(int)Errno.EIO;

        KernelException error = Assert.Throws<KernelException>(() => _vcpu.Run());

        Assert.Contains("another process", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Dispose_ClosesEveryDescriptor_AndEndsTheObject()
    {
        Assert.Equal(3, _kernel.OpenDescriptors);

        Dispose();

        Assert.Equal(0, _kernel.OpenDescriptors);
        Assert.Throws<ObjectDisposedException>(() => _vcpu.Run());
    }

    public void Dispose()
    {
        _vcpu.Dispose();
        _vm.Dispose();
        _device.Dispose();
    }
}

using System.Runtime.InteropServices;
using LuoInterop.Kvm;

namespace LuoInterop.Tests.Kvm;

/// <summary>Proves that each refusal of KVM that was shown on Linux, or that the members' documentation names, is explained.</summary>
public sealed class KvmRefusalTests
{
    [Theory]
    [InlineData(nameof(KvmOperation.OpenDevice), Errno.ENOENT)]
    [InlineData(nameof(KvmOperation.OpenDevice), Errno.EACCES)]
    [InlineData(nameof(KvmOperation.OpenDevice), Errno.ENODEV)]
    [InlineData(nameof(KvmOperation.OpenDevice), Errno.ENXIO)]
    [InlineData(nameof(KvmOperation.GetApiVersion), Errno.ENOTTY)]
    [InlineData(nameof(KvmOperation.CreateVm), Errno.EINVAL)]
    [InlineData(nameof(KvmOperation.CreateVm), Errno.EIO)]
    [InlineData(nameof(KvmOperation.CreateVm), Errno.EBUSY)]
    [InlineData(nameof(KvmOperation.CreateGuestMemfd), Errno.EINVAL)]
    [InlineData(nameof(KvmOperation.CreateGuestMemfd), Errno.ENOTTY)]
    [InlineData(nameof(KvmOperation.CreateGuestMemfd), Errno.EIO)]
    [InlineData(nameof(KvmOperation.CreateGuestMemfd), Errno.EMFILE)]
    [InlineData(nameof(KvmOperation.SetMemoryRegion), Errno.EINVAL)]
    [InlineData(nameof(KvmOperation.SetMemoryRegion), Errno.EEXIST)]
    [InlineData(nameof(KvmOperation.SetMemoryRegion), Errno.EBADF)]
    [InlineData(nameof(KvmOperation.SetMemoryRegion), Errno.ENOTTY)]
    [InlineData(nameof(KvmOperation.CreateVcpu), Errno.EEXIST)]
    [InlineData(nameof(KvmOperation.CreateVcpu), Errno.EINVAL)]
    [InlineData(nameof(KvmOperation.Run), Errno.EFAULT)]
    [InlineData(nameof(KvmOperation.Run), Errno.EIO)]
    [InlineData(nameof(KvmOperation.SetCpuid), Errno.EINVAL)]
    [InlineData(nameof(KvmOperation.SetCpuid), Errno.E2BIG)]
    [InlineData(nameof(KvmOperation.SetSpecialRegisters), Errno.EINVAL)]
    [InlineData(nameof(KvmOperation.SetEvents), Errno.EINVAL)]
    [InlineData(nameof(KvmOperation.SetDebugRegisters), Errno.EINVAL)]
    [InlineData(nameof(KvmOperation.SetXcrs), Errno.EINVAL)]
    [InlineData(nameof(KvmOperation.SetXsave), Errno.EINVAL)]
    [InlineData(nameof(KvmOperation.GetLapic), Errno.EINVAL)]
    [InlineData(nameof(KvmOperation.SetLapic), Errno.EINVAL)]
    [InlineData(nameof(KvmOperation.GetMsrs), Errno.E2BIG)]
    [InlineData(nameof(KvmOperation.SetMsrs), Errno.E2BIG)]
    [InlineData(nameof(KvmOperation.SetTscKhz), Errno.EINVAL)]
    [InlineData(nameof(KvmOperation.GetTscOffset), Errno.ENXIO)]
    [InlineData(nameof(KvmOperation.SetTscOffset), Errno.ENXIO)]
    [InlineData(nameof(KvmOperation.CreateIrqchip), Errno.EEXIST)]
    [InlineData(nameof(KvmOperation.CreateIrqchip), Errno.EINVAL)]
    [InlineData(nameof(KvmOperation.CreatePit), Errno.EEXIST)]
    [InlineData(nameof(KvmOperation.CreatePit), Errno.ENOENT)]
    [InlineData(nameof(KvmOperation.SetIrqLine), Errno.ENXIO)]
    [InlineData(nameof(KvmOperation.GetIrqchip), Errno.ENXIO)]
    [InlineData(nameof(KvmOperation.SetIrqchip), Errno.ENXIO)]
    [InlineData(nameof(KvmOperation.GetPit), Errno.ENXIO)]
    [InlineData(nameof(KvmOperation.SetPit), Errno.ENXIO)]
    [InlineData(nameof(KvmOperation.SetIdentityMapAddress), Errno.EINVAL)]
    [InlineData(nameof(KvmOperation.SetMpState), Errno.EINVAL)]
    [InlineData(nameof(KvmOperation.SetClock), Errno.EINVAL)]
    [InlineData(nameof(KvmOperation.SetTssAddress), Errno.EINVAL)]
    [InlineData(nameof(KvmOperation.GetTscKhz), Errno.EIO)]
    [InlineData(nameof(KvmOperation.SetRegisters), Errno.EINVAL)]
    [InlineData(nameof(KvmOperation.MapGuestMemfd), Errno.ENODEV)]
    [InlineData(nameof(KvmOperation.MapGuestMemfd), Errno.EINVAL)]
    [InlineData(nameof(KvmOperation.Allocate), Errno.EINVAL)]
    public void Explain_SaysMoreThanTheSystem(string operation, Errno errno)
    {
        string text = KvmRefusal.Explain(Enum.Parse<KvmOperation>(operation), errno);
        string system = Marshal.GetPInvokeErrorMessage((int)errno);
        Assert.False(text.Equals(system + ".", StringComparison.OrdinalIgnoreCase), text);
        Assert.True(text.Length > system.Length && text.All(char.IsAscii), text);
    }

    [Fact]
    public void Explain_AnyPair_IsASentence()
    {
        Assert.All(Enum.GetValues<KvmOperation>(), static operation =>
        {
            Assert.All(Enum.GetValues<Errno>(), errno =>
                Assert.EndsWith(".", KvmRefusal.Explain(operation, errno), StringComparison.Ordinal));
        });
    }
}

using System.Reflection;
using System.Runtime.InteropServices;

namespace LuoInterop.Tests.Kvm;

/// <summary>Proves that each refusal of KVM that was shown on Linux, or that the members' documentation names, is explained.</summary>
public sealed class KvmRefusalTests
{
    [Theory]
    [InlineData(KvmOperation.OpenDevice, Errno.ENOENT)]
    [InlineData(KvmOperation.OpenDevice, Errno.EACCES)]
    [InlineData(KvmOperation.OpenDevice, Errno.ENODEV)]
    [InlineData(KvmOperation.OpenDevice, Errno.ENXIO)]
    [InlineData(KvmOperation.GetApiVersion, Errno.ENOTTY)]
    [InlineData(KvmOperation.CreateVm, Errno.EINVAL)]
    [InlineData(KvmOperation.CreateVm, Errno.EIO)]
    [InlineData(KvmOperation.CreateVm, Errno.EBUSY)]
    [InlineData(KvmOperation.CreateGuestMemfd, Errno.EINVAL)]
    [InlineData(KvmOperation.CreateGuestMemfd, Errno.ENOTTY)]
    [InlineData(KvmOperation.CreateGuestMemfd, Errno.EIO)]
    [InlineData(KvmOperation.CreateGuestMemfd, Errno.EMFILE)]
    [InlineData(KvmOperation.SetMemoryRegion, Errno.EINVAL)]
    [InlineData(KvmOperation.SetMemoryRegion, Errno.EEXIST)]
    [InlineData(KvmOperation.SetMemoryRegion, Errno.EBADF)]
    [InlineData(KvmOperation.SetMemoryRegion, Errno.ENOTTY)]
    [InlineData(KvmOperation.CreateVcpu, Errno.EEXIST)]
    [InlineData(KvmOperation.CreateVcpu, Errno.EINVAL)]
    [InlineData(KvmOperation.Run, Errno.EFAULT)]
    [InlineData(KvmOperation.Run, Errno.EIO)]
    [InlineData(KvmOperation.MapGuestMemfd, Errno.ENODEV)]
    [InlineData(KvmOperation.MapGuestMemfd, Errno.EINVAL)]
    [InlineData(KvmOperation.Allocate, Errno.EINVAL)]
    public void Explain_SaysMoreThanTheSystem(string operation, Errno errno)
    {
        string text = Refusal.Explain(operation, errno);
        string system = Marshal.GetPInvokeErrorMessage((int)errno);
        Assert.False(text.Equals(system + ".", StringComparison.OrdinalIgnoreCase), text);
        Assert.True(text.Length > system.Length && text.All(char.IsAscii), text);
    }

    [Fact]
    public void Explain_AnyPair_IsASentence()
    {
        string[] operations = [.. typeof(KvmOperation).GetFields(BindingFlags.Static | BindingFlags.Public).Select(static field => (string)field.GetRawConstantValue()!)];
        Assert.NotEmpty(operations);
        foreach (string operation in operations)
        {
            Assert.All(Enum.GetValues<Errno>(), errno => Assert.EndsWith(".", Refusal.Explain(operation, errno), StringComparison.Ordinal));
        }
    }
}

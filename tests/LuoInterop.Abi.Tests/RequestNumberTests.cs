using System.Runtime.CompilerServices;
using LuoInterop.Interop;

namespace LuoInterop.Abi.Tests;

/// <summary>States the live update ABI in literals, so that it is checked where there is no compiler and no kernel.</summary>
public sealed class RequestNumberTests
{
    [Theory]
    [InlineData(0xBA00, LiveUpdateHeader.LIVEUPDATE_IOCTL_CREATE_SESSION)]
    [InlineData(0xBA01, LiveUpdateHeader.LIVEUPDATE_IOCTL_RETRIEVE_SESSION)]
    [InlineData(0xBA40, LiveUpdateHeader.LIVEUPDATE_SESSION_PRESERVE_FD)]
    [InlineData(0xBA41, LiveUpdateHeader.LIVEUPDATE_SESSION_RETRIEVE_FD)]
    [InlineData(0xBA42, LiveUpdateHeader.LIVEUPDATE_SESSION_FINISH)]
    [InlineData(0xBA43, LiveUpdateHeader.LIVEUPDATE_SESSION_GET_NAME)]
    public void RequestNumber_HasNeitherDirectionNorSize(uint expected, uint declared) => Assert.Equal(expected, declared);

    [Fact]
    public void Structures_HaveTheSizesThatTheKernelChecks()
    {
        Assert.Equal(72, Unsafe.SizeOf<liveupdate_ioctl_create_session>());
        Assert.Equal(72, Unsafe.SizeOf<liveupdate_ioctl_retrieve_session>());
        Assert.Equal(16, Unsafe.SizeOf<liveupdate_session_preserve_fd>());
        Assert.Equal(16, Unsafe.SizeOf<liveupdate_session_retrieve_fd>());
        Assert.Equal(8, Unsafe.SizeOf<liveupdate_session_finish>());
        Assert.Equal(72, Unsafe.SizeOf<liveupdate_session_get_name>());
    }
}

using System.Runtime.InteropServices;

namespace LuoInterop.Tests.Errors;

/// <summary>Proves that the error names stand for the host's numbers.</summary>
public class ErrnoTests
{
    [Theory]
    [InlineData(Errno.ENOENT, "No such file or directory")]
    [InlineData(Errno.EBUSY, "Device or resource busy")]
    [InlineData(Errno.EEXIST, "File exists")]
    [InlineData(Errno.EOPNOTSUPP, "Operation not supported")]
    [InlineData(Errno.EADDRNOTAVAIL, "Cannot assign requested address")]
    [InlineData(Errno.EHWPOISON, "Memory page has hardware error")]
    [InlineData(Errno.ENODATA, "No data available")]
    public void Errno_Name_IsTheHostsNumber(Errno errno, string text) =>
        Assert.Equal(text, Marshal.GetPInvokeErrorMessage((int)errno));
}

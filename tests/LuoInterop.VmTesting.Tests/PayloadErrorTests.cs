using System.Globalization;
using System.Text.RegularExpressions;
using LuoInterop.Interop;
using LuoInterop.Shared.Interop;
using LuoInterop.Tests.Shared;
using LuoInterop.VmTesting.Payload;
using Tmds.Linux;
using Xunit;

namespace LuoInterop.VmTesting.Tests;

/// <summary>Shows that the errno of a call that a payload makes outlives a collection.</summary>
public sealed unsafe partial class PayloadErrorTests
{
    [Fact]
    public void Open_GivesItsErrno_WhateverIsCollected() =>
        ErrorDuringCollections.Check(static () => ErrnoOf(static () => GuestPort.Open("/proc/self", 1).Dispose()), LibC.EISDIR);

    // SAFETY: the address is never mapped.
    [Fact]
    public void Poll_GivesItsErrno_WhateverIsCollected() =>
        ErrorDuringCollections.Check(static () => SystemCall.Result(PollHeader.poll((pollfd*)8, 1, 0)), LibC.EFAULT);

    /// <summary>What is no kernel is refused, and before that a process that may not load one.</summary>
    [Fact]
    public void KexecFileLoad_GivesItsErrno_WhateverIsCollected() => ErrorDuringCollections.Check(
        static () => ErrnoOf(static () => KexecCall.FileLoad("/proc/self/comm", "/proc/self/comm", "")),
        LibC.EINVAL,
        LibC.ENOEXEC,
        LibC.EPERM,
        LibC.ENOSYS);

    private static nint ErrnoOf(Action call)
    {
        IOException error = Assert.Throws<IOException>(call);
        return -int.Parse(Number().Match(error.Message).Groups[1].Value, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"\(errno (\d+)\)")]
    private static partial Regex Number();
}

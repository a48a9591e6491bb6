using System.Globalization;
using Tmds.Linux;

namespace LuoInterop.Abi.Tests;

/// <summary>Proves the macros of C that Tmds.LibC has as methods, as far as they are called.</summary>
public sealed class MacroTests
{
    private const int Longest = 64;

    /// <summary>The macros that a test below proves. CMSG_LEN is not among them: Tmds.LibC 0.5.0 rounds it up.</summary>
    private static readonly string[] s_proved = ["CMSG_DATA", "CMSG_FIRSTHDR", "CMSG_NXTHDR", "CMSG_SPACE"];

    [Fact]
    public void EveryMacroThatIsCalled_IsProved() => Assert.Equal(s_proved, BuiltCode.Macros.Order(StringComparer.Ordinal));

    [Fact]
    [Trait("Category", "Kernel")]
    public async Task Sizes_AreThoseOfTheHeader()
    {
        IEnumerable<string> sizes = Enumerable.Range(0, Longest).Select(static length => string.Create(
            CultureInfo.InvariantCulture, $"_Static_assert(CMSG_SPACE({length}) == {LibC.CMSG_SPACE(length)}, \"\");"));
        string source = string.Join(
            '\n',
            ["#include <sys/socket.h>", .. sizes, $"_Static_assert(sizeof(struct cmsghdr) == {DataOffset()}, \"\");", ""]);
        Verdict verdict = await CCompiler.CheckAgainstLibcAsync(Tool.Gcc, "macros", source);
        Assert.True(verdict.Accepted, verdict.Messages);
    }

    [Fact]
    public unsafe void Headers_AreWalkedOneAfterTheOther()
    {
        byte* bytes = stackalloc byte[Longest];
        new Span<byte>(bytes, Longest).Clear();
        msghdr message = default;
        message.msg_control = bytes;
        message.msg_controllen = 0;
        Assert.True(LibC.CMSG_FIRSTHDR(&message) is null);

        message.msg_controllen = LibC.CMSG_SPACE(sizeof(int)) * 2;
        cmsghdr* first = LibC.CMSG_FIRSTHDR(&message);
        Assert.True((byte*)first == bytes);
        first->cmsg_len = DataOffset() + sizeof(int);
        cmsghdr* second = LibC.CMSG_NXTHDR(&message, first);
        Assert.True((byte*)second == bytes + LibC.CMSG_SPACE(sizeof(int)));
        second->cmsg_len = DataOffset() + sizeof(int);
        Assert.True(LibC.CMSG_NXTHDR(&message, second) is null);
    }

    private static unsafe int DataOffset()
    {
        cmsghdr header = default;
        return (int)((byte*)LibC.CMSG_DATA(&header) - (byte*)&header);
    }
}

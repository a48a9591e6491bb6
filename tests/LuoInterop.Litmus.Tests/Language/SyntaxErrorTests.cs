using LuoInterop.Litmus;
using Xunit;

namespace LuoInterop.Litmus.Tests.Language;

/// <summary>Shows that every mistake in a script is named with its line and what would be right.</summary>
public sealed class SyntaxErrorTests
{
    [Theory]

    // Words.
    [InlineData("fly away", "'fly' is no operation; there are open, create_session")]
    [InlineData("\"open\"", "is no operation")]
    [InlineData("d =", "is no operation")]
    [InlineData("size=4", "is no operation")]
    [InlineData("=> 0", "an expectation without an operation")]
    [InlineData("close d =>", "'=>' wants what is expected behind it")]

    // Targets and names.
    [InlineData("open", "'open' gives a descriptor, which needs a name; write: NAME = open")]
    [InlineData("d = close e", "'close' gives no descriptor that could be named; write: close FILE")]
    [InlineData("9d = open", "'9d' is no name of a descriptor: a letter, then letters, digits and '_'. Write: NAME = open")]
    [InlineData("d-e = open", "is no name of a descriptor")]
    [InlineData("close a234567890123456789012345678901234", "is no name of a descriptor")]
    [InlineData("close a.b", "is no name of a descriptor")]

    // Missing, superfluous and doubled arguments.
    [InlineData("close", "a descriptor's name is missing. Write: close FILE")]
    [InlineData("close a b", "'b' is not understood. Write: close FILE")]
    [InlineData("close a size=3", "'size=3' is not understood")]
    [InlineData("close \"a\"", "a descriptor's name is missing")]
    [InlineData("m = memfd size=1 size=2", "size= is there twice")]
    [InlineData("m = memfd \"name\"", "'\"...\"' is not understood")]
    [InlineData("preserve_fd s m", "token= is missing. Write: preserve_fd SESSION FILE token=N")]
    [InlineData("m = retrieve_fd s", "token= is missing")]
    [InlineData("s = create_session d name", "a session's name in quotes is wanted. Write: NAME = create_session DEVICE \"name\"")]
    [InlineData("s = create_session d", "a session's name in quotes is wanted")]
    [InlineData("write m", "the length is missing")]
    [InlineData("lseek m 0", "SET, CUR, END, DATA or HOLE is missing")]

    // Numbers, flags and words from a list.
    [InlineData("truncate m many", "'many' is no number; decimal and 0x numbers, with K, M, G or T behind the decimal ones")]
    [InlineData("truncate m 0x", "'0x' is no number")]
    [InlineData("truncate m 1KK", "is no number")]
    [InlineData("truncate m 0x1K", "is no number")]
    [InlineData("truncate m 8388608T", "is no number")]
    [InlineData("truncate m 18446744073709551616", "is no number")]
    [InlineData("truncate m -", "'-' is no number")]
    [InlineData("m = memfd size=", "size= wants a word without quotes")]
    [InlineData("m = memfd size=\"4\"", "size= wants a word without quotes")]
    [InlineData("m = memfd name=x", "name= wants a text in quotes")]
    [InlineData("m = memfd name=\"x\"*9", "name= wants a text in quotes")]
    [InlineData("m = memfd flags=CLOEXEC|PURPLE", "'PURPLE' is none of CLOEXEC, ALLOW_SEALING, HUGETLB, NOEXEC_SEAL, EXEC")]
    [InlineData("m = memfd flags=CLOEXEC|", "'' is none of")]
    [InlineData("add_seals m 0xZ", "flag: '0xZ' is no number")]
    [InlineData("lseek m 0 LEFT", "'LEFT' is none of SET, CUR, END, DATA, HOLE")]
    [InlineData("f = other spoon", "'spoon' is no kind")]
    [InlineData("write m 65M", "a length is 0 to 67108864")]
    [InlineData("write m -1", "a length is 0 to 67108864")]
    [InlineData("store m -1 1", "a range starts at 0 or behind it, and has 1 to 67108864 bytes")]
    [InlineData("store m 0 0", "a range starts at 0")]

    // ioctl.
    [InlineData("ioctl d 0xBA00 size=-1", "size is a u32")]
    [InlineData("ioctl d 0xBA00 size=0x100000000", "size is a u32")]
    [InlineData("ioctl d 0xBA00 at=home", "at=home is none of writable, readonly, unmapped, null, odd, cut")]
    [InlineData("ioctl d 0xBA00 tail=1", "tail=1 is not OFFSET:BYTE")]
    [InlineData("ioctl d 0xBA00 tail=1:256", "is not OFFSET:BYTE")]
    [InlineData("ioctl d 0xBA00 tail=1048576:1", "is not OFFSET:BYTE")]
    [InlineData("ioctl d 0xBA00 name=x", "name= wants a text in quotes")]

    // Texts.
    [InlineData("s = create_session d \"open", "a quote is not closed")]
    [InlineData("s = create_session d \"open\\", "a quote is not closed")]
    [InlineData("s = create_session d \"\\q\"", "'\\q' is no escape; there are \\n, \\t, \\0, \\\\, \\\" and \\xHH")]
    [InlineData("s = create_session d \"\\xg0\"", "'\\x' wants two hexadecimal digits")]
    [InlineData("s = create_session d a\"b\"", "a quote inside the word 'a'")]
    [InlineData("s = create_session d \"a\"*5", "with *N behind it for N of them (6 to 64, the script's prefix among them)")]
    [InlineData("s = create_session d \"a\"*65", "(6 to 64")]
    [InlineData("s = create_session d \"a\"x", "(6 to 64")]
    [InlineData(
        "s = create_session d \"12345678901234567890123456789012345678901234567890123456789\"", "a session's name has at most 58 bytes")]
    public void Mistake_IsNamedWithItsLine(string line, string reason)
    {
        LitmusSyntaxException error =
            Assert.Throws<LitmusSyntaxException>(() => LitmusScript.Parse("file.luo", $"# a comment\n\n{line}\nexit\n"));
        Assert.Contains(reason, error.Reason, StringComparison.Ordinal);
        Assert.Equal(("file.luo", 3, $"file.luo:3: {error.Reason}"), (error.Script, error.Line, error.Message));
    }

    [Fact]
    public void Boot_ThatIsNotFirst_IsRefused()
    {
        LitmusSyntaxException error =
            Assert.Throws<LitmusSyntaxException>(() => LitmusScript.Parse("file.luo", "exit\nboot release=7.3.4\n"));
        Assert.Equal("file.luo:2: 'boot' describes the first kernel, and comes before all operations.", error.Message);
    }

    [Fact]
    public void TooManyLines_AreRefused()
    {
        string most = new('\n', 100_000 - 1);
        Assert.Empty(LitmusScript.Parse("long", most).Lines);
        Assert.Contains(
            "at most 100000 lines",
            Assert.Throws<LitmusSyntaxException>(() => LitmusScript.Parse("long", most + "\n")).Message,
            StringComparison.Ordinal);
    }
}

namespace LuoInterop.Hunt;

/// <summary>Draws the values that operations take: ordinary ones, those at the edges, and wrong ones.</summary>
/// <remarks>
/// What a script can make a kernel allocate is bounded: sizes in between, which preserving would fill, are not drawn, because
/// a thousand scripts share a machine.
/// </remarks>
public sealed class Values(Choices choices, int astray)
{
    public string Size() => choices.Weighted<string>(
    [
        (4, "0"), (3, "1"), (2, "100"), (4, "4095"), (8, "4096"), (4, "4097"), (8, "8192"), (3, "12345"), (3, "64K"),
        (2, "2097151"), (3, "2M"), (2, "2097153"), (1, "3M"), (1, choices.Percent(astray) ? "1T" : "4096"),
    ]);

    public string Offset() => choices.Weighted<string>(
    [
        (8, "0"), (2, "1"), (3, "4000"), (4, "4095"), (6, "4096"), (3, "8000"), (3, "8192"), (2, "64K"), (2, "2097000"), (2, "2M"),
        (1, choices.Percent(astray) ? "-1" : "5000"),
    ]);

    public string Length() => choices.Weighted<string>(
    [
        (2, "0"), (4, "1"), (4, "100"), (4, "4095"), (8, "4096"), (4, "4097"), (4, "8192"), (2, "64K"), (1, "2M"), (1, "2097153"),
    ]);

    public string MappedLength() => choices.Of("1", "100", "4096", "4097", "8192", "64K");

    public string Seed() => choices.Of("1", "2", "3");

    public string Token() => choices.Weighted<string>(
        [(4, "0"), (8, "1"), (8, "2"), (4, "3"), (1, "-1"), (1, "0x100000001"), (1, "0x8000000000000000")]);

    public string Session() => !choices.Percent(astray)
        ? choices.Of("\"a\"", "\"b\"", "\"c\"", "\"d\"")
        : choices.Of(
            "\"\"",
            "\"a\"*63",
            "\"b\"*64",
            "\"a\"*62",
            "\"a\"+",
            "\"a/b\"",
            "\"x\\n\"",
            "\"\\xc3\\xa4\"",
            "\"\\xff\\xfe\"",
            "\".\"",
            "\"a b\"",
            "\"[luo_session]\"",
            "\"zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz\"");

    public string Seals() => choices.Weighted<string>(
    [
        (3, "SEAL"), (4, "SHRINK"), (4, "GROW"), (4, "WRITE"), (3, "FUTURE_WRITE"), (3, "EXEC"), (2, "SHRINK|GROW"),
        (1, "SHRINK|GROW|WRITE"),
        (1, "SEAL|SHRINK|GROW|WRITE"), (1, "SHRINK|GROW|FUTURE_WRITE"), (1, "0"), (1, choices.Percent(astray) ? "0x40" : "SHRINK"),
    ]);

    public string MemfdFlags() => choices.Weighted<string>(
    [
        (8, "ALLOW_SEALING"), (4, "CLOEXEC"), (3, "NOEXEC_SEAL"), (1, "EXEC"), (2, "ALLOW_SEALING|EXEC"), (1, "0"),
        (1, "CLOEXEC|ALLOW_SEALING"),
        (1, choices.Percent(astray) ? "EXEC|NOEXEC_SEAL" : "ALLOW_SEALING"), (1, choices.Percent(astray) ? "0x20" : "ALLOW_SEALING"),
    ]);

    public string OpenFlags() =>
        choices.Of("RDWR", "RDONLY", "WRONLY", "RDWR|APPEND", "RDWR|TRUNC", "RDWR|NONBLOCK", "RDONLY|TRUNC", "PATH");

    public string AllocateMode() => choices.Weighted<string>(
    [
        (6, "ALLOCATE"), (4, "KEEP_SIZE"), (6, "PUNCH_HOLE|KEEP_SIZE"), (1, "PUNCH_HOLE"), (1, "ZERO_RANGE"), (1, "ZERO_RANGE|KEEP_SIZE"),
        (1, "COLLAPSE_RANGE"), (1, "INSERT_RANGE"), (1, "UNSHARE_RANGE"), (1, "0x80"),
    ]);

    public string Mode() => choices.Of("0", "0x180", "0x1a4", "0x1ff", "0x1c0", "0xfff", "0x49");

    public string Advice() => choices.Of("REMOVE", "POPULATE_READ", "POPULATE_WRITE", "DONTNEED", "WILLNEED");

    public string OtherKind() => choices.Of("pipe", "pipe_write", "null", "zero", "eventfd", "socket", "secret", "directory");

    public string Request(bool device) => choices.Weighted<string>(
    [
        (6, device ? "0xBA00" : "0xBA40"), (6, device ? "0xBA01" : "0xBA41"), (3, "0xBA42"), (4, "0xBA43"), (2, "0xBA02"),
        (1, "0xBA3f"), (2, "0xBA44"),
        (1, device ? "0xBA40" : "0xBA00"), (1, "0xBAff"), (1, device ? "0xAB00" : "0xAB40"),
        (1, device ? "0x4048BA00" : "0xC010BA40"), (1, device ? "0xC048BA01" : "0x8008BA42"),
        (1, "0x5401"), (1, "0x5421"), (1, "0x5450"), (1, "0x5451"), (1, "0x5452"), (1, "0x5460"), (1, "0x2"), (1, "0x541B"),
        (1, "0xBA"), (1, "0"),
    ]);

    public string RequestSize() =>
        choices.Of("0", "4", "7", "8", "12", "15", "16", "17", "71", "72", "73", "80", "100", "4096", "64K", "0xffffffff");

    public string Place() => choices.Of("writable", "readonly", "unmapped", "null", "odd", "cut");

    public string Tail() => choices.Of("8:1", "16:1", "17:255", "71:1", "72:1", "79:1", "99:7", "4000:1");
}

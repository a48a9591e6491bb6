using LuoInterop.Interop;

namespace LuoInterop.Abi.Tests;

/// <summary>Proves that the machinery reports what is wrong, by name, and refuses to answer without its tools.</summary>
public sealed class ProbeTests
{
    private static readonly StructureExpectation PreserveFd =
        StructureExpectation.Of(AbiTable.Structures.Single(entry => entry.Type == typeof(liveupdate_session_preserve_fd)));

    [Fact]
    [Trait("Category", "Kernel")]
    public async Task WrongOffset_IsReportedWithTheFieldsName()
    {
        StructureExpectation wrong = PreserveFd with { Fields = [new FieldExpectation("token", 12, 8, false)] };

        Verdict verdict = await CCompiler.CheckAgainstKernelAsync("wrong", Probe.Write(wrong));

        Assert.False(verdict.Accepted);
        Assert.Equal(1, verdict.FailedAssertions);
        Assert.Contains(
            "__builtin_offsetof(struct liveupdate_session_preserve_fd, token) is declared as 12",
            verdict.Messages,
            StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Category", "Kernel")]
    public async Task WrongSign_IsReportedWithTheFieldsName()
    {
        StructureExpectation wrong = PreserveFd with { Fields = [new FieldExpectation("fd", 4, 4, false)] };

        Verdict verdict = await CCompiler.CheckAgainstKernelAsync("wrong", Probe.Write(wrong));

        Assert.Equal(1, verdict.FailedAssertions);
        Assert.Contains("->fd))-1 < 0) is declared as 0", verdict.Messages, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Category", "Kernel")]
    public async Task UnknownField_IsRefused()
    {
        StructureExpectation wrong = PreserveFd with { Fields = [new FieldExpectation("handle", 8, 8, null)] };

        Verdict verdict = await CCompiler.CheckAgainstKernelAsync("wrong", Probe.Write(wrong));

        Assert.False(verdict.Accepted);
        Assert.Contains("has no member named 'handle'", verdict.Messages, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Category", "Kernel")]
    public async Task WrongRequestNumber_IsReportedWithItsName()
    {
        // What _IOWR would give: the mistake that a reader of other ioctl headers makes.
        ConstantExpectation wrong = new("LIVEUPDATE_SESSION_FINISH", ["linux/liveupdate.h"], 0xC008BA42);

        Verdict verdict = await CCompiler.CheckAgainstKernelAsync("wrong", Assert.Single(Probe.Write([wrong])));

        Assert.Equal(1, verdict.FailedAssertions);
        Assert.Contains("LIVEUPDATE_SESSION_FINISH is declared as 3221797442 (0xc008ba42)", verdict.Messages, StringComparison.Ordinal);
    }

    /// <summary>-100 and 4294967196 have the same 32 bits, and are not the same argument in a 64-bit register.</summary>
    [Fact]
    [Trait("Category", "Kernel")]
    public async Task ConstantOfTheWrongSign_IsReported()
    {
        ConstantExpectation wrong = new("AT_FDCWD", ["linux/fcntl.h"], unchecked((uint)LibC.AT_FDCWD));

        Verdict verdict = await CCompiler.CheckAgainstKernelAsync("wrong", Assert.Single(Probe.Write([wrong])));

        Assert.Equal(1, verdict.FailedAssertions);
    }

    [Fact]
    [Trait("Category", "Kernel")]
    public async Task UnknownConstant_IsRefused()
    {
        ConstantExpectation unknown = new("LIVEUPDATE_IOCTL_PREPARE", ["linux/liveupdate.h"], 0);

        Verdict verdict = await CCompiler.CheckAgainstKernelAsync("unknown", Assert.Single(Probe.Write([unknown])));

        Assert.False(verdict.Accepted);
        Assert.Contains("'LIVEUPDATE_IOCTL_PREPARE' undeclared", verdict.Messages, StringComparison.Ordinal);
    }

    /// <summary>stdio.h is the C library's: a kernel probe that found it would have read the machine's own headers.</summary>
    [Fact]
    [Trait("Category", "Kernel")]
    public async Task HeaderOfTheMachine_CannotAnswerAKernelProbe()
    {
        Verdict verdict = await CCompiler.CheckAgainstKernelAsync("host", "#include <stdio.h>\n");

        Assert.False(verdict.Accepted);
        Assert.Contains("stdio.h: No such file or directory", verdict.Messages, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MissingCompiler_IsAFailureThatNamesThePackages()
    {
        Tool missing = Tool.Gcc with { Name = "luointerop-no-such-gcc" };

        InvalidOperationException error =
            await Assert.ThrowsAsync<InvalidOperationException>(() => missing.RunAsync([], TimeSpan.FromMinutes(1)));

        Assert.Contains("apt-get install gcc libc6-dev", error.Message, StringComparison.Ordinal);
    }
}

using LuoInterop.Litmus;
using Xunit;

namespace LuoInterop.Litmus.Tests.Language;

/// <summary>Shows what the parser makes of well-formed lines, observed by running them.</summary>
public sealed class ParserTests
{
    [Theory]
    [InlineData("1K", "1024")]
    [InlineData("2M", "2097152")]
    [InlineData("1G", "1073741824")]
    [InlineData("1T", "1099511627776")]
    [InlineData("0x10", "16")]
    [InlineData("0xABcd", "43981")]
    [InlineData("0x7fffffffffffffff", "9223372036854775807")]
    [InlineData("0", "0")]
    [InlineData("-1", "EINVAL")]
    [InlineData("18446744073709551615", "EINVAL")]
    [InlineData("0xffffffffffffffff", "EINVAL")]
    public void Numbers(string number, string observed) =>
        Assert.Equal(observed, Run($"m = memfd\nlseek m {number} SET")[1]);

    [Theory]
    [InlineData("\"plain\"", "\"plain\"")]
    [InlineData("\"\\n\\t\\x01\\\\\\\"\"", "\"\\x0a\\x09\\x01\\x5c\\x22\"")]
    [InlineData("\"cut\\0off\"", "\"cut\"")]
    [InlineData("\"garbage\"+", "\"garbage\"")]
    [InlineData("\"a # b => c\"", "\"a # b => c\"")]
    [InlineData("\"ab\"*6", "\"a\"")]
    [InlineData("\"ab\"*9+", "\"abxx\"")]
    [InlineData("\"\u00e4\U0001f600\"", "\"\\xc3\\xa4\\xf0\\x9f\\x98\\x80\"")]
    public void NamesOfSessions(string name, string observed) =>
        Assert.Equal(observed, Run($"d = open\ns = create_session d {name}\nget_name s")[2]);

    [Theory]
    [InlineData("m = memfd flags=ALLOW_SEALING|EXEC", "0")]
    [InlineData("m = memfd flags=0x2", "0")]
    [InlineData("m = memfd flags=CLOEXEC|2", "0")]
    public void Flags(string line, string observed)
    {
        IReadOnlyList<string?> observations = Run(line + "\nseals m");
        Assert.Equal(["0", observed], observations);
    }

    [Fact]
    public void CommentsAndExpectations_EndTheOperation()
    {
        LitmusScript script =
            LitmusScript.Parse("x", "# first\n  d = open   # why\r\nm = memfd size=1 => 0\nclose d\t=>  EBADF # no comment  \n");
        Assert.Equal(["d = open", "m = memfd size=1", "close d"], script.Lines.Select(static line => line.Text).ToArray());
        Assert.Equal<string?[]>([null, "0", "EBADF # no comment"], [.. script.Lines.Select(static line => line.Expected)]);
        Assert.Equal([2, 3, 4], script.Lines.Select(static line => line.Number).ToArray());
    }

    [Fact]
    public void Kernels_AndMachinesOfTheirOwn()
    {
        Assert.Equal((1, false), Shape("exit"));
        Assert.Equal((3, false), Shape("kexec\nkexec"));
        Assert.Equal((2, true), Shape("kexec raw"));
        Assert.Equal((2, true), Shape("kexec cmdline=\"kho=on\""));
        Assert.Equal((2, true), Shape("kexec release=7.2.0"));
        Assert.Equal((2, true), Shape("boot release=7.2.6\nkexec"));
    }

    [Fact]
    public void OperationsOnNoDescriptor_AreUnset_AndAFailedOneKeepsTheName()
    {
        Assert.Equal(
            ["unset", "0", "EBUSY", "0", "unset"],
            Run("read d 1\nd = open\nd = open\nclose d\nclose d"));
    }

    private static (int Kernels, bool IsAlone) Shape(string text)
    {
        LitmusScript script = LitmusScript.Parse("x", text);
        return (script.Kernels, script.IsAlone);
    }

    private static IReadOnlyList<string?> Run(string text)
    {
        using var replay = new EmulatedReplay();
        return replay.Run(LitmusScript.Parse("x", text)).Observations;
    }
}

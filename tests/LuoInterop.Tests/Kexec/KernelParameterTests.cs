using LuoInterop.KernelImages;

namespace LuoInterop.Tests.Kexec;

/// <summary>Proves that command lines are read as the kernel reads them.</summary>
public class KernelParameterTests
{
    [Theory]
    [InlineData("kho=on", true)]
    [InlineData("kho=On", true)]
    [InlineData("kho=1", true)]
    [InlineData("kho=y", true)]
    [InlineData("kho=Yes", true)]
    [InlineData("kho=t", true)]
    [InlineData("kho=off", false)]
    [InlineData("kho=OFF", false)]
    [InlineData("kho=0", false)]
    [InlineData("kho=n", false)]
    [InlineData("kho=No", false)]
    [InlineData("kho=f", false)]
    [InlineData("kho=", null)]
    [InlineData("kho", null)]
    [InlineData("kho=o", null)]
    [InlineData("kho=2", null)]
    [InlineData("kho= on", null)]
    [InlineData("", null)]
    [InlineData("khox=on", null)]
    [InlineData("xkho=on", null)]
    [InlineData("KHO=on", null)]
    [InlineData("kho.x=on", null)]
    [InlineData("kho=on kho=off", false)]
    [InlineData("kho=off  kho=on", true)]
    [InlineData("kho=on kho=maybe", true)]
    [InlineData("kho=on -- kho=off", true)]
    [InlineData("-- kho=on", null)]
    [InlineData("a --x kho=on", true)]
    [InlineData("a\tkho=off\n", false)]
    [InlineData("note=\"x kho=on y\"", null)]
    [InlineData("\"note=x kho=on y\"", null)]
    [InlineData("note=\"x y\" kho=on", true)]
    [InlineData("kho=\"on\"", true)]
    [InlineData("\"kho=on\"", true)]
    [InlineData("kho=on kho=disabled", false)]
    [InlineData("kho=Disable", false)]
    [InlineData("kho=off kho=enable", true)]
    [InlineData("kho=Enabled", true)]
    [InlineData("kho=d", false)]
    [InlineData("kho=true kho=nonsense", false)]
    [InlineData("kho=off kho=other", false)]
    [InlineData("kho=on kho", true)]
    [InlineData("kho=\"off", false)]
    [InlineData("kho=\"\" kho=on", true)]
    [InlineData("kho=on \"--\" kho=off", true)]
    [InlineData("kho=on --=x kho=off", false)]
    [InlineData("kho=on \"-- \" kho=off", false)]
    [InlineData("x=\"a kho=off b\" kho=on", true)]
    [InlineData("x=a\" kho=off \"b kho=on", true)]
    [InlineData("x=\"a\"kho=off\" b kho=on", null)]
    [InlineData("=kho=on", null)]
    [InlineData("\"=\"kho=on", null)]
    [InlineData("k\"h\"o=on", null)]
    [InlineData("kho=on\u00a0kho=off", false)]
    [InlineData("kho=on x=\u00e0kho=off", false)]
    [InlineData("kho=on x=\u00e1kho=off", true)]
    [InlineData("kho=on\0kho=off", true)]
    [InlineData("kho=on\u000bkho=off", false)]
    [InlineData("kho=on\u001ckho=off", true)]
    public void Switch_OfACommandLine_IsWhatTheKernelReads(string commandLine, bool? expected) =>
        Assert.Equal(expected, KernelParameter.Switch(KernelParameter.Read(commandLine), "kho"));

    /// <summary>The kernel keeps 2047 bytes: a word that begins after them, or is cut by them, says nothing or something else.</summary>
    [Theory]
    [InlineData(2041, true)]
    [InlineData(2042, null)]
    [InlineData(2046, null)]
    public void Switch_AtTheEndOfWhatTheKernelKeeps_IsWhatTheKernelReads(int before, bool? expected) =>
        Assert.Equal(expected, KernelParameter.Switch(KernelParameter.Read(new string('x', before - 1) + " kho=on"), "kho"));

    [Theory]
    [InlineData("a-b_c=1", "a_b-c", true)]
    [InlineData("a-b_c", "a-b_c", true)]
    [InlineData("a b=1", "a_b", false)]
    [InlineData("A-b=1", "a-b", false)]
    public void Is_TakesDashAndUnderscoreForTheSame(string word, string name, bool expected) =>
        Assert.Equal(expected, KernelParameter.Read(word)[0].Is(name));

    [Theory]
    [InlineData("", 0, 0)]
    [InlineData("K", 0, 0)]
    [InlineData("4", 4, 1)]
    [InlineData("2M", 2 << 20, 2)]
    [InlineData("2mx", 2 << 20, 2)]
    [InlineData("0x10K", 16 << 10, 5)]
    [InlineData("010k", 8 << 10, 4)]
    [InlineData("0x", 0, 1)]
    [InlineData("0xg", 0, 1)]
    [InlineData("08", 0, 1)]
    [InlineData("1e", 1UL << 60, 2)]
    [InlineData("16E", ulong.MaxValue, 3)]
    [InlineData("18446744073709551615", ulong.MaxValue, 20)]
    [InlineData("99999999999999999999", ulong.MaxValue, 20)]
    [InlineData("1KK", 1 << 10, 2)]
    [InlineData("-1", 0, 0)]
    public void MemParse_OfAText_IsWhatTheKernelReads(string text, ulong expected, int used)
    {
        Assert.Equal(expected, KernelParameter.MemParse(text, out int characters));
        Assert.Equal(used, characters);
    }

    [Theory]
    [InlineData("", new string[0])]
    [InlineData("   ", new string[0])]
    [InlineData(" a  b ", new[] { "a", "b" })]
    [InlineData("a=\"b c\" d", new[] { "a=b c", "d" })]
    [InlineData("\"a b\" c", new[] { "a b", "c" })]
    [InlineData("a=\"b", new[] { "a=b" })]
    [InlineData("a=\" b", new[] { "a= b" })]
    [InlineData("a=\"\" b", new[] { "a=", "b" })]
    [InlineData("\"", new[] { "" })]
    [InlineData("\"\" x", new[] { "", "x" })]
    [InlineData("a=b\"c d\"e", new[] { "a=b\"c d\"e" })]
    [InlineData("\"a=\"b c\"\"", new[] { "a=b", "c\"\"" })]
    [InlineData("\"a=\"on\"\"", new[] { "a=on\"" })]
    public void Read_WithQuotes_TakesApartAsTheKernelDoes(string commandLine, string[] expected) =>
        Assert.Equal(
            expected,
            KernelParameter.Read(commandLine)
                .Select(static parameter => parameter.Value is { } value ? $"{parameter.Name}={value}" : parameter.Name));
}

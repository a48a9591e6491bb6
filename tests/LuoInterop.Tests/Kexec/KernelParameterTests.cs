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
    public void Switch_OfACommandLine_IsWhatTheKernelReads(string commandLine, bool? expected) =>
        Assert.Equal(expected, KernelParameter.Switch(KernelParameter.Words(commandLine), "kho"));

    [Theory]
    [InlineData("", new string[0])]
    [InlineData("   ", new string[0])]
    [InlineData(" a  b ", new[] { "a", "b" })]
    [InlineData("a=\"b c\" d", new[] { "a=b c", "d" })]
    [InlineData("\"a b\" c", new[] { "a b", "c" })]
    [InlineData("a=\"b", new[] { "a=b" })]
    [InlineData("\"", new[] { "" })]
    [InlineData("a=b\"c d\"e", new[] { "a=b\"c d\"e" })]
    public void Words_WithQuotes_AreTakenApartAsTheKernelDoes(string commandLine, string[] expected) =>
        Assert.Equal(expected, KernelParameter.Words(commandLine));
}

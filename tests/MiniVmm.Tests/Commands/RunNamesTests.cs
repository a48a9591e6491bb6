using MiniVmm.Commands;
using MiniVmm.Control;
using Xunit;

namespace MiniVmm.Tests.Commands;

public sealed class RunNamesTests
{
    [Theory]
    [InlineData("vm1", 1, "vm1")]
    [InlineData("vm1", 3, "vm1 vm2 vm3")]
    [InlineData("vm9", 2, "vm9 vm10")]
    [InlineData("web", 2, "web1 web2")]
    public void Names_GoOnByNumber(string first, int count, string names) =>
        Assert.Equal(names.Split(' '), RunCommand.NamesOf(first, count));

    [Theory]
    [InlineData("vm1", true)]
    [InlineData("a.b-c_D9", true)]
    [InlineData("", false)]
    [InlineData(".hidden", false)]
    [InlineData("-x", false)]
    [InlineData("a/b", false)]
    [InlineData("../x", false)]
    [InlineData("a b", false)]
    [InlineData("ä", false)]
    [InlineData("a\n", false)]
    [InlineData("12345678901234567890123456789012345678901", false)]
    public void Name_IsAFilesNameOrRefused(string name, bool isGood) => Assert.Equal(isGood, VmName.Fault(name) is null);

    [Fact]
    public void Order_IsByNumber() =>
        Assert.Equal(["a", "vm1", "vm2", "vm10"], "vm10 vm2 a vm1".Split(' ').Order(VmNameOrder.Instance));
}

using LuoInterop.Contract;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Contract.Tests;

/// <summary>Keeps docs/contract.md the same as what the scenarios state.</summary>
public sealed class ContractPageTests
{
    [Fact]
    public void ContractPage_SaysWhatTheScenariosShow()
    {
        string path = Path.Combine(Repository.Root, "docs", "contract.md");
        string page = ContractPage.Write(Path.Combine(Repository.Root, "tests", "litmus", "contract"));
        if (Environment.GetEnvironmentVariable("LUO_ACCEPT_CONTRACT") == "1")
        {
            File.WriteAllText(path, page);
        }

        Assert.True(page == File.ReadAllText(path), "docs/contract.md is not what the scenarios state. 'make contract' writes it anew.");
    }
}

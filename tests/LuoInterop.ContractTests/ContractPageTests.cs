using LuoInterop.Contract;
using Xunit;

namespace LuoInterop.ContractTests;

/// <summary>Keeps docs/contract.md the same as what the scenarios state.</summary>
public sealed class ContractPageTests
{
    [Fact]
    public void ContractPage_SaysWhatTheScenariosShow()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "LuoInterop.sln")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("LuoInterop.sln is in no folder above the test.");
        }

        string path = Path.Combine(folder, "docs", "contract.md");
        string page = ContractPage.Write(Path.Combine(folder, "tests", "litmus", "contract"));
        if (Environment.GetEnvironmentVariable("LUO_ACCEPT_CONTRACT") == "1")
        {
            File.WriteAllText(path, page);
        }

        Assert.True(page == File.ReadAllText(path), "docs/contract.md is not what the scenarios state. 'make contract' writes it anew.");
    }
}

using System.Reflection;
using System.Text;

namespace LuoInterop.Contract;

/// <summary>Writes the page that states the contract, from the scenarios that show it.</summary>
public static class ContractPage
{
    private const string Introduction = """
        # The kernel's contract, as shown

        Every row is a rule of Linux between a program and live update, and the scenario that shows it. Each scenario is
        written once and runs on the emulated kernel in every test run and on Linux 7.3 in a VM (`tests/LuoInterop.Contract`);
        a row stands here because both agree. This page is written from the scenarios by a test; do not edit it.

        What only a real kernel can show is in `tests/LuoInterop.Contract/Probes`: the panic after 51*n sessions and a failed
        duplicate create (with the guard of this library, and without it as the control), a kernel without LUO or KHO, missing
        permission, the holder of a busy device, the sysctl vm.memfd_noexec, huge pages, RLIMIT_NOFILE, the end of a process.


        """;

    public static string Write()
    {
        var page = new StringBuilder(Introduction);
        foreach (IGrouping<string, Scenario> group in Scenario.All.GroupBy(static scenario => scenario.Name.Split('.')[0]).OrderBy(static group => Section(group.Key).Order))
        {
            SectionAttribute section = Section(group.Key);
            page.Append($"## {section.Order}. {section.Title}\n\nSource: {section.Sources}.\n\n| rule | shown by | kernels |\n|---|---|---|\n");
            foreach (Scenario scenario in group)
            {
                page.Append($"| {scenario.Rule.Replace("|", "\\|", StringComparison.Ordinal)} | {scenario.Name} | {scenario.Bodies.Count} |\n");
            }

            page.Append('\n');
        }

        return page.ToString().TrimEnd('\n') + "\n";
    }

    private static SectionAttribute Section(string type) =>
        typeof(ContractPage).Assembly.GetType($"LuoInterop.Contract.Rows.{type}", throwOnError: true)!.GetCustomAttribute<SectionAttribute>()!;
}

using System.Reflection;
using System.Text;
using LuoInterop.Contract.Probes;

namespace LuoInterop.Contract;

/// <summary>Writes the page that states the contract, from the scenarios that show it.</summary>
public static class ContractPage
{
    private const string Introduction = """
        # The kernel's contract, as shown

        Every row is a rule of Linux between a program and live update, and the scenario that shows it. Each scenario is
        written once and runs on the emulated kernel in every test run and on Linux 7.3 in a VM (`tests/LuoInterop.Contract`),
        with `make test-7.2` on Linux 7.2 too, and from each of the two to the other; a row stands here because all agree. This
        page is written from the scenarios by a test; do not edit it.

        What needs a boot, a system setting or a process of its own is probed on Linux only; the last section names the probes.


        """;

    private const string EmptyBlockFault = """
        **Linux 7.2 and 7.3 panic after 51*n sessions and a failed create.** A create that fails with EEXIST while 51*n outgoing
        sessions are open leaves an empty block linked (luo_session_insert grows the set before it looks at the names), and
        kho_block_set_restore of the next kernel rejects it: "The incoming tree failed to initialize properly". Shown on Linux
        by EmptyBlockTests, unguarded as the control and through this library, which creates and closes a session after such a
        failure: closing one gives the spare block back.


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

        page.Append("## On Linux only\n\n").Append(EmptyBlockFault).Append("| boot | probe |\n|---|---|\n");
        foreach (Type boot in (Type[])[typeof(DefaultBoot), typeof(WithoutLiveUpdate), typeof(WithoutKho)])
        {
            foreach (string probe in ProbeRun.Names(boot))
            {
                page.Append($"| {boot.Name} | {probe} |\n");
            }
        }

        return page.ToString();
    }

    private static SectionAttribute Section(string type) =>
        typeof(ContractPage).Assembly.GetType($"LuoInterop.Contract.Rows.{type}", throwOnError: true)!.GetCustomAttribute<SectionAttribute>()!;
}

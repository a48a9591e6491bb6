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

        What needs a boot, a system setting or a process of its own is probed on Linux only; a section names the probes. The last
        section has the rules that litmus scripts show ([litmus.md](litmus.md)): those too hold on both kernels in every test run.


        """;

    private const string EmptyBlockFault = """
        **Linux 7.2 and 7.3 panic after 51*n sessions and a failed create.** A create that fails with EEXIST while 51*n outgoing
        sessions are open leaves an empty block linked (luo_session_insert grows the set before it looks at the names), and
        kho_block_set_restore of the next kernel rejects it: "The incoming tree failed to initialize properly". Shown on Linux
        by EmptyBlockTests, unguarded as the control and through this library, which creates and closes a session after such a
        failure: closing one gives the spare block back.


        """;

    /// <summary>Writes the page.</summary>
    /// <param name="scripts">The folder of the litmus scripts that show rules.</param>
    public static string Write(string scripts)
    {
        var page = new StringBuilder(Introduction);
        foreach (IGrouping<string, Scenario> group in Scenario.All.GroupBy(static scenario => scenario.Name.Split('.')[0])
            .OrderBy(static group => Section(group.Key).Order))
        {
            SectionAttribute section = Section(group.Key);
            page.Append($"## {section.Order}. {section.Title}\n\nSource: {section.Sources}.\n\n| rule | shown by | kernels "
                + "|\n|---|---|---|\n");
            foreach (Scenario scenario in group)
            {
                page.Append($"| {scenario.Rule.Replace("|", "\\|", StringComparison.Ordinal)} | {scenario.Name} | "
                    + $"{scenario.Bodies.Count} |\n");
            }

            page.Append('\n');
        }

        page.Append("## On Linux only\n\n").Append(EmptyBlockFault).Append("| boot | probe |\n|---|---|\n");
        foreach (Type boot in (Type[])[
            typeof(DefaultBoot), typeof(Interruptions), typeof(WithoutLiveUpdate), typeof(WithoutKho), .. ProbeRun.WithVirtualization,
                .. ProbeRun.OfMachineState])
        {
            foreach (string probe in ProbeRun.Names(boot))
            {
                page.Append($"| {boot.Name} | {probe} |\n");
            }
        }

        AppendScripts(page, scripts);
        return page.ToString();
    }

    // A script states its rule in the comment that it begins with.
    private static void AppendScripts(StringBuilder page, string scripts)
    {
        page.Append("\n## By litmus scripts\n");
        foreach (string folder in Directory.EnumerateDirectories(scripts).Order(StringComparer.Ordinal))
        {
            page.Append($"\n### {Path.GetFileName(folder)}\n\n| rule | shown by |\n|---|---|\n");
            foreach (string path in Directory.EnumerateFiles(folder, "*.luo").Order(StringComparer.Ordinal))
            {
                string rule = string.Join(
                    ' ', File.ReadLines(path).TakeWhile(static line => line.StartsWith('#')).Select(static line => line[1..].Trim()));
                string name = Path.GetFileNameWithoutExtension(path);
                page.Append($"| {rule.Replace("|", "\\|", StringComparison.Ordinal)} | "
                    + $"[{name}](../tests/litmus/contract/{Path.GetFileName(folder)}/{name}.luo) |\n");
            }
        }
    }

    private static SectionAttribute Section(string type) =>
        typeof(ContractPage).Assembly.GetType($"LuoInterop.Contract.Rows.{type}",
            throwOnError: true)!.GetCustomAttribute<SectionAttribute>()!;
}

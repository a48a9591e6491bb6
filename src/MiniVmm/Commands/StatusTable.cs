using System.Globalization;
using MiniVmm.Control;

namespace MiniVmm.Commands;

/// <summary>Writes what VMs say of themselves as a table of at most 80 columns.</summary>
internal static class StatusTable
{
    /// <summary>The most columns of a line.</summary>
    public const int Width = 80;

    private const int NameWidth = 12;
    private static readonly string[] s_head = ["NAME", "STATE", "CPUS", "MEMORY", "UPDATES", "STOOD STILL", "PID", "CONSOLE"];

    /// <summary>Makes the table's lines.</summary>
    public static IReadOnlyList<string> Lines(IReadOnlyList<VmStatus> vms)
    {
        string[][] rows = [s_head, .. vms.Select(Row)];
        int[] widths = [.. Enumerable.Range(0, s_head.Length).Select(column => rows.Max(row => row[column].Length))];
        List<string> lines = [];
        for (int i = 0; i < rows.Length; i++)
        {
            string[] row = rows[i];
            lines.Add(string.Join("  ", row.Select((cell, column) =>
                IsNumber(column) ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column]))).TrimEnd());
            if (i > 0 && vms[i - 1].Reason is { } reason)
            {
                lines.AddRange(Wrap(reason));
            }
        }

        return lines;
    }

    private static bool IsNumber(int column) => column is >= 2 and <= 6;

    private static string[] Row(VmStatus vm) =>
    [
        vm.Name.Length <= NameWidth ? vm.Name : vm.Name[..(NameWidth - 1)] + "~",
        vm.State,
        vm.Cpus == 0 ? "-" : Text(vm.Cpus),
        ByteSize.Format(vm.Memory),
        Text(vm.Updates),
        vm.LastBlackout is { } blackout ? Duration(blackout.Nanoseconds) : "-",
        Text(vm.Pid),
        vm.Console,
    ];

    /// <summary>Writes a time in milliseconds, or in seconds where it is long.</summary>
    public static string Duration(long nanoseconds) => nanoseconds < 10_000_000_000
        ? string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 1e6:F1} ms")
        : string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 1e9:F1} s");

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static IEnumerable<string> Wrap(string text)
    {
        string line = " ";
        foreach (string word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length + 1 + word.Length > Width && line.Length > 1)
            {
                yield return line;
                line = " ";
            }

            line += " " + word;
        }

        yield return line;
    }
}

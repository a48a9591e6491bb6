using System.Text;
using static LuoInterop.Benchmarks.Figures;

namespace LuoInterop.Benchmarks;

/// <summary>Writes what the two arrays of a file's folios take, beside each other. Times are of the fastest iteration.</summary>
internal static class ArraysTable
{
    private const int PageSize = 4096;

    /// <summary>Makes the tables of a run.</summary>
    /// <returns>Null when the run did not measure the arrays.</returns>
    public static string? Of(RunResults run)
    {
        var sizes = new StringBuilder();
        var times = new StringBuilder();
        foreach (ResultRow list in run.Rows.Where(static row => row.Name == OperationNames.ListBytes))
        {
            string placement = list.Parameters["placement"].ToString();
            double Figure(string name) =>
                run.Rows.Where(row => row.Name == name && row.Parameters["placement"].ToString() == placement).Select(static row => row.Min).FirstOrDefault(double.NaN);

            double array = Figure(OperationNames.ArrayBytes);
            sizes.AppendLine(Invariant(
                $"| {placement} | {list.Number("folios"):N0} | {list.Median / PageSize:N0} | {list.Median:N0} | {array / PageSize:N0} | {array:N0} | {array / list.Median:F2}x |"));
            (double writeList, double writeArray) = (Figure(OperationNames.WriteList), Figure(OperationNames.WriteArray));
            (double readList, double readArray) = (Figure(OperationNames.ReadList), Figure(OperationNames.ReadArray));
            times.AppendLine(Invariant(
                $"| {placement} | {writeList:F1} ns | {writeArray:F1} ns | {writeArray / writeList:F2}x | {readList:F1} ns | {readArray:F1} ns | {readArray / readList:F2}x |"));
        }

        return sizes.Length == 0 ? null : $"""
            | file | folios | list, pages | bytes | array, pages | bytes | array against list |
            |---|---|---|---|---|---|---|
            {sizes}
            | file | write, list | array | array against list | read, list | array | array against list |
            |---|---|---|---|---|---|---|
            {times}
            """;
    }
}

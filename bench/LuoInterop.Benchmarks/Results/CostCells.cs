namespace LuoInterop.Benchmarks;

/// <summary>Finds the figures of a table's cells in a run.</summary>
internal static class CostCells
{
    public const string NotMeasured = "not measured";

    /// <summary>Gives the values of a parameter in the rows of a name, the smallest first.</summary>
    public static IEnumerable<double> Values(this RunResults run, string name, string parameter) =>
        run.Rows.Where(row => row.Name == name).Select(row => row.Number(parameter)).OfType<double>().Distinct().Order();

    /// <summary>Gives the median of a row as a time.</summary>
    public static string Cell(this RunResults run, string name, params ReadOnlySpan<(string Name, object Value)> parameters) =>
        run.Find(name, parameters) is { } row ? Figures.Time(row.Median) : NotMeasured;

    /// <summary>Finds the row that has just these parameters.</summary>
    public static ResultRow? Find(this RunResults run, string name, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        ResultRow wanted = ResultRow.Counted(name, 0, parameters);
        return run.Rows.FirstOrDefault(row => row.Key == wanted.Key);
    }
}

using System.Globalization;

namespace LuoInterop.VmBenchmarks;

/// <summary>Writes the works of a run as one word, and reads them in each kernel of the VM.</summary>
internal static class WorkList
{
    /// <summary>Writes works.</summary>
    public static string Format(IEnumerable<IWork> works) => string.Join(',', works.Select(static work => work.Words));

    /// <summary>Reads what <see cref="Format"/> writes.</summary>
    /// <exception cref="FormatException">It is not that.</exception>
    public static IReadOnlyList<IWork> Parse(string text) => [.. text.Split(',').Select(ParseOne)];

    private static IWork ParseOne(string text)
    {
        string[] words = text.Split(':');
        return words switch
        {
            [CallsWork.Word, var warmUp, var rounds] => new CallsWork(
                int.Parse(warmUp, CultureInfo.InvariantCulture), int.Parse(rounds, CultureInfo.InvariantCulture)),
            [UpdateWork.Word, _, _, _, _] => new UpdateWork(UpdateSize.Parse(words.AsSpan(1))),
            [DiskWork.Word, var bytes] => new DiskWork(long.Parse(bytes, CultureInfo.InvariantCulture)),
            _ => throw new FormatException($"'{text}' is no work of this program."),
        };
    }
}

using System.Text;

namespace LuoInterop.Benchmarks;

/// <summary>
/// Puts a run's figures into a page for users, between its marks: <c>&lt;!-- WHAT: NAME --&gt;</c> and <c>&lt;!-- end --&gt;</c>, of
/// which WHAT is <c>host</c> or <c>vm</c>. The marks of the other kind of run stay as they are.
/// </summary>
internal static class CostPage
{
    private const string Close = " -->\n";
    private const string End = "<!-- end -->";

    /// <summary>Gives the page with the figures of a run in place of those that it has.</summary>
    /// <exception cref="InvalidDataException">The page has a mark of a name that is not known, or one without its end.</exception>
    public static string Fill(string page, RunResults run)
    {
        string begin = $"<!-- {run.What}: ";
        var filled = new StringBuilder();
        int done = 0;
        for (int mark; (mark = page.IndexOf(begin, done, StringComparison.Ordinal)) >= 0;)
        {
            int close = page.IndexOf(Close, mark, StringComparison.Ordinal);
            int end = close < 0 ? -1 : page.IndexOf(End, close, StringComparison.Ordinal);
            if (end < 0)
            {
                throw new InvalidDataException($"The mark \"{page[mark..Math.Min(page.Length, mark + 30)]}\" has no end \"{End}\".");
            }

            int start = close + Close.Length;
            string name = page[(mark + begin.Length)..close];
            filled.Append(page, done, start - done).Append((run.What == "vm" ? VmCost.Part(name, run) : HostCost.Part(name, run))
                ?? throw new InvalidDataException($"Nothing is known of the mark \"{run.What}: {name}\"."));
            done = end;
        }

        return filled.Append(page, done, page.Length - done).ToString();
    }
}

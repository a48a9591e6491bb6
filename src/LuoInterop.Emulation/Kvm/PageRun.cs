namespace LuoInterop.Emulation.Kvm;

/// <summary>Holds consecutive pages of a file: the first, and the one behind the last.</summary>
internal readonly record struct PageRun(long First, long End)
{
    public long Count => End - First;

    /// <summary>Cuts the run at the borders of another; empty where they do not meet.</summary>
    public PageRun Within(PageRun other)
    {
        long first = Math.Max(First, other.First);
        return new PageRun(first, Math.Max(first, Math.Min(End, other.End)));
    }

    /// <summary>Finds the pages of some runs that are not in others. Both are in ascending order and do not overlap.</summary>
    public static List<PageRun> Except(IReadOnlyList<PageRun> runs, IReadOnlyList<PageRun> others)
    {
        var rest = new List<PageRun>();
        int other = 0;
        foreach (PageRun run in runs)
        {
            long next = run.First;
            while (other < others.Count && others[other].End <= next)
            {
                other++;
            }

            for (int i = other; i < others.Count && others[i].First < run.End; i++)
            {
                if (others[i].First > next)
                {
                    rest.Add(new PageRun(next, others[i].First));
                }

                next = Math.Max(next, others[i].End);
            }

            if (next < run.End)
            {
                rest.Add(new PageRun(next, run.End));
            }
        }

        return rest;
    }
}

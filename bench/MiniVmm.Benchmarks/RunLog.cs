using System.Diagnostics;
using LuoInterop.VmTesting;

namespace MiniVmm.Benchmarks;

/// <summary>Keeps when the host saw each line of the VM, and cuts the lines into items.</summary>
internal sealed class RunLog
{
    private readonly Stopwatch _elapsed = Stopwatch.StartNew();
    private readonly List<(TimeSpan At, string Text)> _lines = [];

    /// <summary>Takes a line as it comes.</summary>
    public void See(VmOutputLine line)
    {
        if (line.Source is VmOutputSource.StandardOutput or VmOutputSource.StandardError)
        {
            _lines.Add((_elapsed.Elapsed, line.Text));
            Console.Error.WriteLine($"[{_elapsed.Elapsed:mm\\:ss}] {line.Text}");
        }
    }

    /// <summary>Gives, for each jump of an item, the time between the guest's numbered lines before and after it.</summary>
    /// <param name="item">The item's name.</param>
    public IReadOnlyList<TimeSpan> Gaps(string item)
    {
        List<TimeSpan> gaps = [];
        bool inside = false;
        bool jumped = false;
        TimeSpan? last = null;
        foreach ((TimeSpan at, string text) in _lines)
        {
            if (text.StartsWith("item ", StringComparison.Ordinal))
            {
                bool same = text == "item " + item;
                jumped = same && inside;
                inside = same;
                last = inside ? last : null;
            }
            else if (inside && IsNumbered(text))
            {
                if (jumped && last is { } before)
                {
                    gaps.Add(at - before);
                }

                jumped = false;
                last = at;
            }
        }

        return gaps;
    }

    // A line of the guest: minivmm says whose it is, QEMU does not.
    private static bool IsNumbered(string text) =>
        text.StartsWith("line ", StringComparison.Ordinal) || text.StartsWith("linux | line ", StringComparison.Ordinal);
}

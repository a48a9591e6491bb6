using System.Globalization;

namespace LuoInterop.Cli.Output;

/// <summary>Shows on standard error, where that is a terminal, how far something is: in one line that is written over, and removed in
/// the end.</summary>
/// <param name="what">What is done.</param>
internal sealed class ProgressLine(string what) : IProgress<double>, IProgress<long>, IDisposable
{
    // Milliseconds from one to the next.
    private const int Interval = 100;

    private readonly bool _isShown = !Console.IsErrorRedirected;
    private long _next;

    /// <summary>Shows a part of the whole, from 0 to 1.</summary>
    public void Report(double value)
    {
        if (IsDue())
        {
            Show(string.Create(CultureInfo.InvariantCulture, $"{100 * Math.Clamp(value, 0, 1):0} %"));
        }
    }

    /// <summary>Shows a number of bytes.</summary>
    public void Report(long value)
    {
        if (IsDue())
        {
            Show(TextOutput.Size((ulong)value));
        }
    }

    public void Dispose()
    {
        if (_next > 0)
        {
            Console.Error.Write("\r\e[K");
        }
    }

    private bool IsDue() => _isShown && Environment.TickCount64 >= _next;

    private void Show(string progress)
    {
        _next = Environment.TickCount64 + Interval;
        Console.Error.Write($"\r\e[Kluoctl: {TextOutput.Safe(what)}: {progress}");
    }
}

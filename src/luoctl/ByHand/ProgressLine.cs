using LuoInterop.Cli.Output;

namespace LuoInterop.Cli.ByHand;

/// <summary>Shows on a terminal how far something is, in one line that is written over.</summary>
/// <param name="what">What is done.</param>
internal sealed class ProgressLine(string what) : IProgress<long>, IDisposable
{
    private const int Interval = 100;

    private readonly bool _isShown = !Console.IsErrorRedirected;
    private long _next;

    public void Report(long value)
    {
        if (_isShown && Environment.TickCount64 >= _next)
        {
            _next = Environment.TickCount64 + Interval;
            Console.Error.Write($"\r\e[K{TextOutput.Safe(what)}: {TextOutput.Size((ulong)value)}");
        }
    }

    public void Dispose()
    {
        if (_isShown && _next > 0)
        {
            Console.Error.Write("\r\e[K");
        }
    }
}

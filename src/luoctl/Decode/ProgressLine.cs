using System.Globalization;

namespace LuoInterop.Cli.Decode;

/// <summary>Shows on standard error how far something is, where that is a terminal; removed when it is done.</summary>
/// <param name="what">What is done.</param>
internal sealed class ProgressLine(string what) : IProgress<double>, IDisposable
{
    private const int Steps = 100;

    private readonly bool _isShown = !Console.IsErrorRedirected;
    private int _last = -1;

    public void Report(double value)
    {
        int step = (int)(Math.Clamp(value, 0, 1) * Steps);
        if (_isShown && step != _last)
        {
            _last = step;
            Console.Error.Write(string.Create(CultureInfo.InvariantCulture, $"\rluoctl: {what} {step} %"));
        }
    }

    public void Dispose()
    {
        if (_last >= 0)
        {
            Console.Error.Write("\r\x1b[K");
        }
    }
}

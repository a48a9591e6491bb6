using Microsoft.Extensions.Logging;

namespace LuoInterop.Systemd.Hosting;

/// <summary>Says what the log is told.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Memory {Name}: new, {Bytes} bytes ({Milliseconds:F1} ms).")]
    public static partial void New(this ILogger logger, string name, long bytes, double milliseconds);

    [LoggerMessage(2, LogLevel.Information, "Memory {Name}: {Bytes} bytes came back from {Origin}, {Integrity} ({Milliseconds:F1} ms).")]
    public static partial void CameBack(
        this ILogger logger, string name, long bytes, MemoryOrigin origin, MemoryIntegrity integrity, double milliseconds);

    [LoggerMessage(3, LogLevel.Warning, "Memory {Name}: what was kept is erased, as the options say: {Reason}.")]
    public static partial void Erased(this ILogger logger, string name, string reason);

    [LoggerMessage(4, LogLevel.Warning, "Memory {Name} will not be kept when the service ends. {Reason}")]
    public static partial void NotKept(this ILogger logger, string name, string reason);

    [LoggerMessage(5, LogLevel.Information, "Memory {Name}: {Bytes} bytes closed and kept ({Milliseconds:F1} ms).")]
    public static partial void Closed(this ILogger logger, string name, long bytes, double milliseconds);

    [LoggerMessage(7, LogLevel.Warning, "Memory {Name} ends here: it was not kept. {Reason}")]
    public static partial void Ended(this ILogger logger, string name, string reason);

    [LoggerMessage(6, LogLevel.Error, "Memory {Name} was not kept at the stop. {Reason}")]
    public static partial void NotClosed(this ILogger logger, Exception error, string name, string reason);
}

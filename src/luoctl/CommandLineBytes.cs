using System.Text;
using System.Text.Unicode;

namespace LuoInterop.Cli;

/// <summary>Knows the bytes of this process' arguments, of which .NET gives text.</summary>
internal static class CommandLineBytes
{
    /// <summary>Says whether a text may stand for bytes that are not UTF-8: .NET puts U+FFFD in their place.</summary>
    public static bool IsReplaced(string text) => text.Contains('\ufffd', StringComparison.Ordinal);

    /// <summary>Gives the first argument that is not UTF-8, with <c>\xHH</c> for each byte that is not, or null.</summary>
    /// <param name="args">The arguments as .NET has them.</param>
    /// <param name="commandLine">What <c>/proc/self/cmdline</c> holds: each argument with a NUL behind it.</param>
    public static string? FindInvalid(IEnumerable<string> args, Func<byte[]> commandLine)
    {
        // A U+FFFD that was written as such is an argument like any other.
        if (!args.Any(IsReplaced))
        {
            return null;
        }

        foreach (byte[] argument in Split(commandLine()))
        {
            if (!Utf8.IsValid(argument))
            {
                return Escape(argument);
            }
        }

        return null;
    }

    private static IEnumerable<byte[]> Split(byte[] commandLine)
    {
        for (int start = 0, end; (end = Array.IndexOf(commandLine, (byte)0, start)) >= 0; start = end + 1)
        {
            yield return commandLine[start..end];
        }
    }

    private static string Escape(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        while (!bytes.IsEmpty)
        {
            System.Buffers.OperationStatus status = Rune.DecodeFromUtf8(bytes, out Rune rune, out int length);
            if (status == System.Buffers.OperationStatus.Done)
            {
                text.Append(rune);
            }
            else
            {
                foreach (byte b in bytes[..length])
                {
                    text.Append("\\x").Append(b.ToString("x2", System.Globalization.CultureInfo.InvariantCulture));
                }
            }

            bytes = bytes[length..];
        }

        return text.ToString();
    }
}

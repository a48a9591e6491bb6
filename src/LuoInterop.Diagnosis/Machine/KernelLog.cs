using System.Text;
using LuoInterop.Interop;
using Tmds.Linux;

namespace LuoInterop.Diagnosis.Machine;

/// <summary>Reads what the kernel logged of live update.</summary>
internal static class KernelLog
{
    // A record has at most this many bytes (CONSOLE_EXT_LOG_MAX and more, kernel/printk); a log of 16 MiB is more than any machine's.
    private const int RecordBytes = 8192;
    private const int MaximumRecords = 1 << 20;

    /// <summary>Gets the messages of KHO and LUO, in their order; null where the log cannot be read.</summary>
    public static IReadOnlyList<string>? Read(MachineFiles files)
    {
        if (!files.IsLive)
        {
            string? text = files.Text("/var/log/dmesg");
            return text is null ? null : [.. text.Split('\n').Select(Message).Where(IsOfLiveUpdate)];
        }

        using var log = new KernelHandle(files.Kernel);
        if (log.Take(Uninterrupted.Open(files.Kernel, "/dev/kmsg", LibC.O_RDONLY | LibC.O_NONBLOCK | LibC.O_CLOEXEC)) < 0)
        {
            return null;
        }

        var messages = new List<string>();
        byte[] record = new byte[RecordBytes];
        for (int i = 0; i < MaximumRecords; i++)
        {
            nint length = Uninterrupted.Read(files.Kernel, log, record);
            if (length == -LibC.EPIPE)
            {
                // Overwritten before it was read: the next one is.
                continue;
            }

            if (length <= 0)
            {
                return length == -LibC.EAGAIN || length == 0 ? messages : null;
            }

            // "level,number,time,flags;message\n" and lines of details that begin with a space.
            string text = Encoding.UTF8.GetString(record, 0, (int)length);
            string message = text[(text.IndexOf(';', StringComparison.Ordinal) + 1)..].Split('\n')[0];
            if (IsOfLiveUpdate(message))
            {
                messages.Add(message);
            }
        }

        return messages;
    }

    // dmesg puts "[    0.123456] " before each.
    private static string Message(string line)
    {
        int end = line.StartsWith('[') ? line.IndexOf("] ", StringComparison.Ordinal) : -1;
        return end < 0 ? line : line[(end + 2)..];
    }

    // pr_fmt of kernel/liveupdate: "KHO: ", and the modules' names.
    private static bool IsOfLiveUpdate(string message) =>
        message.StartsWith("KHO: ", StringComparison.Ordinal)
        || message.StartsWith("luo", StringComparison.Ordinal)
        || message.StartsWith("kho_block: ", StringComparison.Ordinal)
        || message.StartsWith("memfd_luo: ", StringComparison.Ordinal);
}

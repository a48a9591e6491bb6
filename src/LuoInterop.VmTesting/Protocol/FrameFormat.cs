namespace LuoInterop.VmTesting.Protocol;

/// <summary>Names the frames of the guest's two ports; the numbers are those of <c>Guest/channel.h</c>.</summary>
internal enum FrameType : ushort
{
    Ack = 1,
    Hello = 2,
    Output = 3,
    Sync = 4,
    Exit = 5,
    Report = 16,
    Value = 17,
    Event = 18,
    FileBegin = 19,
    FileData = 20,
    FileEnd = 21,
}

/// <summary>Names the ways in which init tells the end of a payload.</summary>
internal enum ExitKind : uint
{
    Status = 1,
    Signal = 2,
    NotStarted = 3,
    GuestSetup = 4,
}

/// <summary>Holds the layout of a frame: magic, type, stage, sequence, length, then the body; all little-endian.</summary>
internal static class FrameFormat
{
    internal const uint Magic = 0x564f554c;
    internal const uint ProtocolVersion = 1;
    internal const int HeaderSize = 16;

    /// <summary>The kernel passes at most 32 KiB of one write(2) to the port:
    /// a frame that fits is never torn by the death of its writer.</summary>
    internal const int MaxFrame = 32 * 1024;
    internal const int MaxBody = MaxFrame - HeaderSize;

    internal const string InitPort = "luo.init";
    internal const string ReportPort = "luo.report";
}

/// <summary>Tells that bytes received from the other side are not what the protocol allows.</summary>
internal sealed class FrameException(string message) : Exception(message);

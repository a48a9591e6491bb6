using System.Buffers.Binary;
using LuoInterop.Interop;

namespace LuoInterop.Shared.Tracing;

/// <summary>Holds what a request passed to the kernel.</summary>
/// <param name="Request">The request number.</param>
/// <param name="Size">The structure's size field.</param>
/// <param name="SecondWord">The descriptor, or the reserved word.</param>
/// <param name="Token">The token, of requests on a file.</param>
/// <param name="Name">The session's name, of requests that pass one.</param>
internal readonly record struct TracedRequest(uint Request, uint Size, int SecondWord, ulong Token, string? Name)
{
    // SessionNameField of LuoInterop.Litmus: 63 without the prefix of scripts that share a kernel.
    private const int LongestText = 58;

    /// <summary>Gets whether it is one of the six requests with its own size and nothing reserved: the language has a verb for
    /// it.</summary>
    public bool IsPlain => (SecondWord == 0 || !HasReservedWord) && Size == Request switch
    {
        LiveUpdateHeader.LIVEUPDATE_IOCTL_CREATE_SESSION or LiveUpdateHeader.LIVEUPDATE_IOCTL_RETRIEVE_SESSION
            or LiveUpdateHeader.LIVEUPDATE_SESSION_GET_NAME => 8u + LiveUpdateHeader.LIVEUPDATE_SESSION_NAME_LENGTH,
        LiveUpdateHeader.LIVEUPDATE_SESSION_PRESERVE_FD or LiveUpdateHeader.LIVEUPDATE_SESSION_RETRIEVE_FD => 16u,
        LiveUpdateHeader.LIVEUPDATE_SESSION_FINISH => 8u,
        _ => 0u,
    };

    /// <summary>Gets whether the kernel answers it with a descriptor.</summary>
    public bool GivesDescriptor => Request is LiveUpdateHeader.LIVEUPDATE_IOCTL_CREATE_SESSION
        or LiveUpdateHeader.LIVEUPDATE_IOCTL_RETRIEVE_SESSION or LiveUpdateHeader.LIVEUPDATE_SESSION_RETRIEVE_FD;

    private bool HasReservedWord => Request is LiveUpdateHeader.LIVEUPDATE_SESSION_FINISH or LiveUpdateHeader.LIVEUPDATE_SESSION_GET_NAME;

    /// <summary>Gives the descriptor that the kernel wrote back, <c>-errno</c> where it gave none.</summary>
    public int GivenBy(ReadOnlySpan<byte> answer, int result) =>
        !GivesDescriptor ? -1 : result < 0 ? result : BinaryPrimitives.ReadInt32LittleEndian(answer[4..]);

    public static TracedRequest Of(uint request, ReadOnlySpan<byte> argument)
    {
        if (argument.Length < 8)
        {
            return new TracedRequest(request, 0, 0, 0, null);
        }

        bool isNamed = request is LiveUpdateHeader.LIVEUPDATE_IOCTL_CREATE_SESSION or LiveUpdateHeader.LIVEUPDATE_IOCTL_RETRIEVE_SESSION;
        return new TracedRequest(
            request,
            BinaryPrimitives.ReadUInt32LittleEndian(argument),
            BinaryPrimitives.ReadInt32LittleEndian(argument[4..]),
            argument.Length >= 16 ? BinaryPrimitives.ReadUInt64LittleEndian(argument[8..]) : 0,
            isNamed ? QuoteName(argument[8..]) : null);
    }

    // A script has at most so many bytes of a name: it cuts and pads what is longer, and so what it asks for has another end.
    private static string QuoteName(ReadOnlySpan<byte> name)
    {
        int length = name.IndexOf((byte)0) is >= 0 and var end ? end : name.Length;
        return length <= LongestText ? TraceScript.Quote(name) : $"{TraceScript.Quote(name[..LongestText])}*{length}";
    }
}

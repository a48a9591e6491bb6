using System.Buffers.Binary;
using LuoInterop.Interop;

namespace LuoInterop.Litmus.Tracing;

/// <summary>Holds what a request passed to the kernel.</summary>
/// <param name="Request">The request number.</param>
/// <param name="Size">The structure's size field.</param>
/// <param name="SecondWord">The descriptor, or the reserved word.</param>
/// <param name="Token">The token, of requests on a file.</param>
/// <param name="Name">The session's name, of requests that pass one.</param>
internal readonly record struct TracedRequest(uint Request, uint Size, int SecondWord, ulong Token, string? Name)
{
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
            isNamed ? TraceScript.Quote(argument[8..]) : null);
    }
}

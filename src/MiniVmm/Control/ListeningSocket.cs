using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Tmds.Linux;

namespace MiniVmm.Control;

/// <summary>Makes a socket of the file system that is listened to: unix(7).</summary>
/// <remarks>The class Socket takes a hundred times as long for it in a process that has just been started, and a guest that is resumed
/// waits. It also removes the name that it was bound to, and this one stays.</remarks>
internal static unsafe class ListeningSocket
{
    /// <summary>The most bytes of a path: sun_path of unix(7) has 108, the last of them for the NUL.</summary>
    public const int MaxPath = 107;

    // Requests that wait until they are accepted.
    private const int Waiting = 32;

    // Only the owner may connect: S_IRUSR and S_IWUSR.
    private const int Owner = 0x180;

    /// <summary>Makes it, close-on-exec, for its owner alone.</summary>
    /// <param name="path">Its name, which no file has; at most <see cref="MaxPath"/> bytes.</param>
    /// <returns>The socket, which belongs to the caller.</returns>
    /// <exception cref="IOException">The kernel refuses.</exception>
    public static SafeSocketHandle Make(string path)
    {
        var socket = new SafeSocketHandle(
            Check(LibC.socket(LibC.AF_UNIX, LibC.SOCK_STREAM | LibC.SOCK_CLOEXEC, 0)), ownsHandle: true);
        try
        {
            // SAFETY: the address is on this stack, with room for the longest path and its NUL, and bind(2) keeps no pointer to it.
            sockaddr_un address = default;
            address.sun_family = (ushort)LibC.AF_UNIX;
            Encoding.UTF8.GetBytes(path, new Span<byte>(address.sun_path, MaxPath));
            int descriptor = (int)socket.DangerousGetHandle();

            // The mode of a socket becomes that of its name.
            Check(LibC.fchmod(descriptor, Owner));
            Check(LibC.bind(descriptor, (sockaddr*)&address, (uint)sizeof(sockaddr_un)));
            Check(LibC.listen(descriptor, Waiting));
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static int Check(int result) =>
        result >= 0 ? result : throw new IOException(Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError()));
}

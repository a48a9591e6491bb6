using LuoInterop.Interop;
using Tmds.Linux;

namespace LuoInterop.Emulation.Interop;

/// <summary>Takes descriptors of this process for files that come later.</summary>
/// <remarks>Each refers to an empty memory file of a name of its own until then. Not safe for use from several threads at once.</remarks>
internal sealed class HostPlace : IDisposable
{
    private HostFile? _empty;

    /// <summary>Takes the lowest free descriptor, close-on-exec set (get_unused_fd_flags): it, or EMFILE.</summary>
    public unsafe int Reserve()
    {
        if (_empty is null)
        {
            // SAFETY: the name is static data, and the compiler ends UTF-8 literals with a NUL.
            fixed (byte* name = "luointerop-reserved"u8)
            {
                int created = LibC.memfd_create(name, LibC.MFD_CLOEXEC);
                if (created < 0)
                {
                    return SystemCall.LastError;
                }

                _empty = HostFile.Own(created);
            }
        }

        int fd = LibC.fcntl(_empty.Fd, FcntlHeader.F_DUPFD_CLOEXEC, 0);
        return fd < 0 ? SystemCall.LastError : fd;
    }

    public void Dispose()
    {
        _empty?.Dispose();
        _empty = null;
    }
}

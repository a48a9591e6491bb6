using LuoInterop.Interop;
using Tmds.Linux;

namespace LuoInterop.Emulation.Interop;

/// <summary>Says what the kernel of this host lacks of what the emulated ones are made with. Immutable.</summary>
internal sealed record HostKernel
{
    private const uint Execution = MemfdHeader.MFD_EXEC | MemfdHeader.MFD_NOEXEC_SEAL;

    private static readonly Lazy<HostKernel> s_current = new(Ask);

    /// <summary>Gets the kernel of this host, asked once.</summary>
    public static HostKernel Current => s_current.Value;

    /// <summary>Gets whether memory files have MFD_EXEC, MFD_NOEXEC_SEAL and F_SEAL_EXEC (since Linux 6.3).</summary>
    public bool HasExecSeals { get; init; } = true;

    /// <summary>Gets whether a file with F_SEAL_WRITE can be mapped shared, to be read,
    /// by a description that may write (since Linux 6.7).</summary>
    public bool MapsSealed { get; init; } = true;

    /// <summary>Gets the size of a page in bytes.</summary>
    public int PageSize { get; init; } = Environment.SystemPageSize;

    /// <summary>Gets the flags of memfd_create(2) that the host knows: where it has no execution seals,
    /// every file may be executed.</summary>
    public uint Flags(uint flags) => HasExecSeals ? flags : flags & ~Execution;

    private static unsafe HostKernel Ask()
    {
        // SAFETY: the name is a NUL in static data.
        fixed (byte* name = "\0"u8)
        {
            int fd = LibC.memfd_create(name, LibC.MFD_CLOEXEC | MemfdHeader.MFD_EXEC);
            bool hasExecSeals = fd >= 0 || SystemCall.LastError != Refused.EINVAL;
            if (fd >= 0)
            {
                // close(2) frees the number whatever it answers.
                _ = LibC.close(fd);
            }

            return new HostKernel { HasExecSeals = hasExecSeals };
        }
    }
}

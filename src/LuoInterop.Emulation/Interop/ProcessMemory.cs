using LuoInterop.Interop;
using Tmds.Linux;

namespace LuoInterop.Emulation.Interop;

/// <summary>Reads and writes a process' memory at addresses that may not be mapped, as a kernel does.</summary>
/// <remarks>process_vm_readv(2) and process_vm_writev(2): on the own process they need no privilege, on another one that of ptrace(2); they
/// fault without a signal. There is no other way where a host refuses them: /proc/PID/mem writes to pages that are read-only too.</remarks>
internal static unsafe class ProcessMemory
{
    private const int ENOSYS = -(int)Errno.ENOSYS;

    /// <summary>This process.</summary>
    public static readonly int Self = Environment.ProcessId;

    /// <inheritdoc cref="CopyFrom(int, nint, Span{byte})"/>
    public static int CopyFrom(nint address, Span<byte> destination) => CopyFrom(Self, address, destination);

    /// <inheritdoc cref="CopyTo(int, nint, ReadOnlySpan{byte})"/>
    public static int CopyTo(nint address, ReadOnlySpan<byte> source) => CopyTo(Self, address, source);

    /// <summary>copy_from_user: returns 0, or EFAULT when not every byte is readable.</summary>
    public static int CopyFrom(int process, nint address, Span<byte> destination)
    {
        // SAFETY: the local side is pinned and as long as said; the kernel checks the remote side, whatever the address.
        fixed (byte* pointer = destination)
        {
            var local = new iovec { iov_base = pointer, iov_len = destination.Length };
            var remote = new iovec { iov_base = (void*)address, iov_len = destination.Length };
            return Result(UioHeader.process_vm_readv(process, &local, 1, &remote, 1, 0), destination.Length, process);
        }
    }

    /// <summary>copy_to_user: returns 0, or EFAULT when not every byte is writable; bytes before the bad one may be written.</summary>
    public static int CopyTo(int process, nint address, ReadOnlySpan<byte> source)
    {
        // SAFETY: as in CopyFrom. The caller asked for these bytes to be written there, as with the real call.
        fixed (byte* pointer = source)
        {
            var local = new iovec { iov_base = pointer, iov_len = source.Length };
            var remote = new iovec { iov_base = (void*)address, iov_len = source.Length };
            return Result(UioHeader.process_vm_writev(process, &local, 1, &remote, 1, 0), source.Length, process);
        }
    }

    private static int Result(nint done, int wanted, int process)
    {
        if (done == wanted)
        {
            return 0;
        }

        int error = done < 0 ? SystemCall.LastError : Refused.EFAULT;
        return error is ENOSYS || (process == Self && error is Refused.EPERM)
            ? throw new PlatformNotSupportedException(
                $"The host refuses process_vm_readv(2) and process_vm_writev(2) on {(process == Self ? "the own" : "another")} process; "
                    + "ioctl with an address needs them.")
            : Refused.EFAULT;
    }
}

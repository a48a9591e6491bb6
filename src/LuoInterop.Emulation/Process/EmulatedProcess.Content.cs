using System.Runtime.InteropServices;
using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using LuoInterop.Interop;

namespace LuoInterop.Emulation;

/// <content>The calls that read, change and map files.</content>
public sealed partial class EmulatedProcess
{
    /// <inheritdoc/>
    public override int FTruncate(SafeHandle file, long length)
    {
        using var descriptor = new DescriptorReference(file);
        using (Enter(KernelCall.FTruncate, out int refusal))
        {
            if (refusal != 0)
            {
                return refusal;
            }

            if (_descriptors.Owns(descriptor.Fd))
            {
                return Usable(descriptor.Fd)?.Truncate(length) ?? Refused.EBADF;
            }

            // Under the lock, so that PRESERVE_FD in another thread comes before or after it.
            return _system.MemfdCalls.FTruncate(file, descriptor.Fd, length);
        }
    }

    /// <inheritdoc/>
    public override int FAllocate(SafeHandle file, int mode, long offset, long length)
    {
        using var descriptor = new DescriptorReference(file);
        OpenFile? open;
        using (Enter(KernelCall.FAllocate, out int refusal))
        {
            if (refusal != 0)
            {
                return refusal;
            }

            if (!_descriptors.Owns(descriptor.Fd))
            {
                return _system.MemfdCalls.FAllocate(file, descriptor.Fd, mode, offset, length);
            }

            open = Usable(descriptor.Fd);
            if (open is not { AllocatesUnlocked: true })
            {
                return open?.Allocate(this, mode, offset, length) ?? Refused.EBADF;
            }

            open.Get();
        }

        return AllocateUnlocked(open, mode, offset, length);
    }

    /// <inheritdoc/>
    public override int FChmod(SafeHandle file, uint mode)
    {
        using var descriptor = new DescriptorReference(file);
        using (Enter(KernelCall.FChmod, out int refusal))
        {
            if (refusal != 0)
            {
                return refusal;
            }

            return _descriptors.Owns(descriptor.Fd)
                ? Usable(descriptor.Fd)?.ChangeMode(mode) ?? Refused.EBADF
                : _system.MemfdCalls.FChmod(file, descriptor.Fd, mode);
        }
    }

    /// <inheritdoc/>
    public override long LSeek(SafeHandle file, long offset, SeekOrigin whence)
    {
        using var descriptor = new DescriptorReference(file);
        using (Enter(KernelCall.LSeek, out int refusal))
        {
            if (refusal != 0)
            {
                return refusal;
            }

            if (_descriptors.Owns(descriptor.Fd))
            {
                return Usable(descriptor.Fd)?.Seek(offset, whence) ?? Refused.EBADF;
            }
        }

        return Linux.LSeek(file, offset, whence);
    }

    /// <inheritdoc/>
    public override nint Read(SafeHandle file, Span<byte> buffer)
    {
        using var descriptor = new DescriptorReference(file);
        using (Enter(KernelCall.Read, out int refusal))
        {
            if (refusal != 0)
            {
                return refusal;
            }

            if (_descriptors.Owns(descriptor.Fd))
            {
                return Usable(descriptor.Fd)?.Read(buffer) ?? Refused.EBADF;
            }

            if (_system.Inodes.HasPoison)
            {
                return _system.MemfdCalls.Read(file, descriptor.Fd, buffer, null);
            }
        }

        return Linux.Read(file, buffer);
    }

    /// <inheritdoc/>
    public override nint Write(SafeHandle file, ReadOnlySpan<byte> buffer)
    {
        using var descriptor = new DescriptorReference(file);
        using (Enter(KernelCall.Write, out int refusal))
        {
            if (refusal != 0)
            {
                return refusal;
            }

            if (_descriptors.Owns(descriptor.Fd))
            {
                return Usable(descriptor.Fd)?.Write(buffer) ?? Refused.EBADF;
            }

            if (_system.Inodes.Find(descriptor.Fd, out _) is not null)
            {
                return _system.MemfdCalls.Write(file, descriptor.Fd, buffer, null);
            }
        }

        return Linux.Write(file, buffer);
    }

    /// <inheritdoc/>
    public override nint PRead(SafeHandle file, Span<byte> buffer, long offset)
    {
        using var descriptor = new DescriptorReference(file);
        using (Enter(KernelCall.PRead, out int refusal))
        {
            if (refusal != 0)
            {
                return refusal;
            }

            if (_descriptors.Owns(descriptor.Fd))
            {
                return offset < 0 ? Refused.EINVAL : Usable(descriptor.Fd)?.PRead(buffer, offset) ?? Refused.EBADF;
            }

            if (_system.Inodes.HasPoison)
            {
                return _system.MemfdCalls.Read(file, descriptor.Fd, buffer, offset);
            }
        }

        return Linux.PRead(file, buffer, offset);
    }

    /// <inheritdoc/>
    public override nint PWrite(SafeHandle file, ReadOnlySpan<byte> buffer, long offset)
    {
        using var descriptor = new DescriptorReference(file);
        using (Enter(KernelCall.PWrite, out int refusal))
        {
            if (refusal != 0)
            {
                return refusal;
            }

            if (_descriptors.Owns(descriptor.Fd))
            {
                return offset < 0 ? Refused.EINVAL : Usable(descriptor.Fd)?.PWrite(buffer, offset) ?? Refused.EBADF;
            }

            if (_system.Inodes.Find(descriptor.Fd, out _) is not null)
            {
                return _system.MemfdCalls.Write(file, descriptor.Fd, buffer, offset);
            }
        }

        return Linux.PWrite(file, buffer, offset);
    }

    /// <inheritdoc/>
    public override int FStat(SafeHandle file, out FileStatus status)
    {
        using var descriptor = new DescriptorReference(file);
        using (Enter(KernelCall.FStat, out int refusal))
        {
            if (refusal != 0)
            {
                status = default;
                return refusal;
            }

            if (_descriptors.Owns(descriptor.Fd))
            {
                OpenFile? open = _descriptors.Get(descriptor.Fd);
                status = open?.Status() ?? default;
                return open is null ? Refused.EBADF : 0;
            }

            return _system.MemfdCalls.FStat(file, descriptor.Fd, out status);
        }
    }

    /// <inheritdoc/>
    public override nint MMap(nuint length, int protection, int flags, SafeHandle file, long offset)
    {
        using var descriptor = new DescriptorReference(file);
        using (Enter(KernelCall.MMap, out int refusal))
        {
            if (refusal != 0)
            {
                return refusal;
            }

            if (_descriptors.Owns(descriptor.Fd))
            {
                return Usable(descriptor.Fd)?.Map(_descriptors, length, protection, flags, offset) ?? Refused.EBADF;
            }

            return _system.MemfdCalls.MMap(length, protection, flags, file, descriptor.Fd, offset);
        }
    }

    /// <inheritdoc/>
    public override int MUnmap(nint address, nuint length)
    {
        int refusal;
        using (_system.Lock.EnterScope())
        {
            refusal = -(int)(Meet(KernelCall.MUnmap)?.Errno ?? Errno.None);
            if (refusal == 0 && TryUnmapGuestMemory(address, length, out int error))
            {
                return error;
            }

            if (refusal == 0 && _system.MemfdCalls.Unmap(address, length) is { } answer)
            {
                return answer;
            }
        }

        return refusal != 0 ? refusal : Linux.MUnmap(address, length);
    }

    /// <inheritdoc/>
    public override int MAdvise(nint address, nuint length, int advice)
    {
        using (Enter(KernelCall.MAdvise, out int refusal))
        {
            if (refusal != 0)
            {
                return refusal;
            }

            if (AdviseGuestMemory(address, length, advice) is { } answer)
            {
                return answer;
            }

            if (advice == MmanHeader.MADV_REMOVE && !_system.Inodes.IsEmpty)
            {
                return _system.MemfdCalls.Remove(address, length);
            }
        }

        return Linux.MAdvise(address, length, advice);
    }

    private int CreateWithoutExecSeals(string name, uint flags)
    {
        using (Enter())
        {
            return _system.MemfdCalls.CreateWithoutExecSeals(name, flags);
        }
    }
}

using LuoInterop.Emulation.Interop;

namespace LuoInterop.Emulation.Files;

/// <summary>Reads and writes the argument of an ioctl: bytes that are known to be there, or an address that may be bad.</summary>
internal readonly ref struct UserMemory
{
    // TASK_SIZE_MAX of x86-64 with four page-table levels: access_ok() refuses what lies above.
    private const ulong TaskSize = (1UL << 47) - 4096;

    private readonly Span<byte> _bytes;
    private readonly nint _address;
    private readonly int _process;
    private readonly bool _isAddress;
    private readonly bool _isWritable;

    /// <summary>Takes bytes of the caller.</summary>
    public UserMemory(Span<byte> bytes, bool isWritable = true)
    {
        _bytes = bytes;
        _isWritable = isWritable;
    }

    /// <summary>Takes any address of this process.</summary>
    public UserMemory(nint address, bool isWritable = true)
        : this(ProcessMemory.Self, address, isWritable)
    {
    }

    /// <summary>Takes any address of a process.</summary>
    public UserMemory(int process, nint address, bool isWritable = true)
    {
        _process = process;
        _address = address;
        _isAddress = true;
        _isWritable = isWritable;
    }

    /// <summary>Gets the argument itself, for requests to which it is a number; -1 for bytes of the caller, which are no number.</summary>
    public nint Value => _isAddress ? _address : -1;

    /// <summary>Gives the same argument, which cannot be written to.</summary>
    public UserMemory ReadOnly() => _isAddress ? new(_process, _address, isWritable: false) : new(_bytes, isWritable: false);

    /// <summary>copy_from_user() of the first bytes: 0 or EFAULT.</summary>
    public int CopyFrom(Span<byte> destination) => CopyFrom(0, destination);

    /// <summary>copy_to_user() of the first bytes: 0 or EFAULT.</summary>
    public int CopyTo(ReadOnlySpan<byte> source)
    {
        if (!_isWritable)
        {
            return Refused.EFAULT;
        }

        if (_isAddress)
        {
            return IsUserRange(0, (uint)source.Length) ? ProcessMemory.CopyTo(_process, _address, source) : Refused.EFAULT;
        }

        return source.TryCopyTo(_bytes) ? 0 : Refused.EFAULT;
    }

    /// <summary>copy_struct_from_user() (include/linux/uaccess.h): the tail that this kernel does not know is checked first.</summary>
    /// <param name="destination">The structure as this kernel knows it.</param>
    /// <param name="userSize">The size that the caller claims.</param>
    /// <returns>0; E2BIG for a tail that is not zero; EFAULT.</returns>
    public int CopyStructFrom(Span<byte> destination, uint userSize)
    {
        int size = (int)Math.Min((uint)destination.Length, userSize);
        if (userSize < destination.Length)
        {
            destination[size..].Clear();
        }
        else if (userSize > destination.Length)
        {
            int error = CheckZeroed((uint)size, userSize - (uint)size);
            if (error != 0)
            {
                return error;
            }
        }

        return CopyFrom(0, destination[..size]);
    }

    // check_zeroed_user() of lib/usercopy.c: word after word, so that a non-zero byte counts before a fault behind it.
    private int CheckZeroed(uint offset, uint length)
    {
        if (!_isAddress)
        {
            return _bytes.Length - (long)offset < length ? Refused.EFAULT
                : _bytes.Slice((int)offset, (int)length).ContainsAnyExcept((byte)0) ? Refused.E2BIG
                : 0;
        }

        if (!IsUserRange(offset, length))
        {
            return Refused.EFAULT;
        }

        // One piece never crosses a page, so that a fault means that none of its bytes are readable.
        Span<byte> piece = stackalloc byte[4096];
        ulong position = (ulong)_address + offset;
        for (ulong end = position + length; position < end;)
        {
            int count = (int)Math.Min(end - position, 4096 - (position & 4095));
            if (ProcessMemory.CopyFrom(_process, (nint)position, piece[..count]) != 0)
            {
                return Refused.EFAULT;
            }

            if (piece[..count].ContainsAnyExcept((byte)0))
            {
                return Refused.E2BIG;
            }

            position += (uint)count;
        }

        return 0;
    }

    private int CopyFrom(uint offset, Span<byte> destination)
    {
        if (_isAddress)
        {
            return IsUserRange(offset, (uint)destination.Length)
                ? ProcessMemory.CopyFrom(_process, _address + (nint)offset, destination)
                : Refused.EFAULT;
        }

        return _bytes.Length - (long)offset >= destination.Length
            && _bytes.Slice((int)offset, destination.Length).TryCopyTo(destination)
                ? 0
                : Refused.EFAULT;
    }

    private bool IsUserRange(uint offset, uint length)
    {
        ulong start = (ulong)_address;
        return start <= TaskSize && (ulong)offset + length <= TaskSize - start;
    }
}

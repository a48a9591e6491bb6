using System.Numerics;
using LuoInterop.Emulation.Boot;
using LuoInterop.Emulation.Interop;
using LuoInterop.Interop;
using Tmds.Linux;

namespace LuoInterop.Emulation.Files;

/// <summary>Holds the emulated descriptors of an emulated process inside this one.</summary>
/// <remarks>Numbers begin at <see cref="First"/>, where the host has none, and the lowest free one is given out. Descriptors of the host
/// are this process' own.</remarks>
internal sealed class LocalDescriptorTable(EmulatedKernel system) : FileDescriptorTable
{
    /// <summary>The lowest number: systemd raises fs.nr_open to 8 less.</summary>
    public const int First = 1 << 30;

    private Slot[] _slots = new Slot[16];

    // A set bit is a used number; a set bit of the second level is a word without a free one.
    private ulong[] _used = new ulong[1];
    private ulong[] _full = new ulong[1];

    /// <summary>Gets the number of descriptors in use.</summary>
    public int Count { get; private set; }

    /// <inheritdoc/>
    public override bool Owns(int fd) => fd >= First;

    /// <inheritdoc/>
    public override int Reserve() => Reserve(First);

    /// <inheritdoc/>
    public override int Duplicate(OpenFile file, int minimum, bool closeOnExec)
    {
        if (minimum < 0 || minimum - First >= Limit)
        {
            return Refused.EINVAL;
        }

        int fd = Reserve(minimum);
        if (fd >= 0)
        {
            file.Get();
            Install(fd, file, closeOnExec);
        }

        return fd;
    }

    private int Limit => system.Options.DescriptorLimit;

    private int Reserve(int minimum)
    {
        int index = NextFree(Math.Max(minimum, First) - First);
        if (index >= Limit)
        {
            return Refused.EMFILE;
        }

        EnsureCapacity(index);
        _used[index >> 6] |= 1UL << index;
        if (_used[index >> 6] == ulong.MaxValue)
        {
            _full[index >> 12] |= 1UL << (index >> 6);
        }

        Count++;
        return First + index;
    }

    /// <inheritdoc/>
    public override void Cancel(int fd)
    {
        int index = fd - First;
        _slots[index] = default;
        _used[index >> 6] &= ~(1UL << index);
        _full[index >> 12] &= ~(1UL << (index >> 6));
        Count--;
    }

    /// <inheritdoc/>
    public override int Install(int reserved, OpenFile file, bool closeOnExec = true)
    {
        _slots[reserved - First] = new Slot(file, closeOnExec);
        return reserved;
    }

    /// <inheritdoc/>
    public override OpenFile? Get(int fd)
    {
        uint index = (uint)(fd - First);
        return index < (uint)_slots.Length ? _slots[index].File : null;
    }

    /// <inheritdoc/>
    public override bool IsCloseOnExec(int fd) => _slots[fd - First].CloseOnExec;

    /// <inheritdoc/>
    public override void SetCloseOnExec(int fd, bool closeOnExec) => _slots[fd - First].CloseOnExec = closeOnExec;

    /// <inheritdoc/>
    public override int Close(int fd)
    {
        if (Get(fd) is not { } file)
        {
            return Refused.EBADF;
        }

        Cancel(fd);
        file.Put();
        return 0;
    }

    /// <inheritdoc/>
    public override void CloseAll()
    {
        for (int i = 0; i < _slots.Length; i++)
        {
            if (_slots[i].File is not null)
            {
                _ = Close(First + i);
            }
        }
    }

    /// <inheritdoc/>
    public override int DuplicateHost(int fd) => HostFile.Duplicate(fd);

    /// <inheritdoc/>
    public override int ReserveHost() => system.Luo!.HostPlace.Reserve();

    /// <inheritdoc/>
    public override int InstallHost(int reserved, int file) =>
        LibC.dup3(file, reserved, LibC.O_CLOEXEC) < 0 ? SystemCall.LastError : reserved;

    /// <inheritdoc/>
    public override void CancelHost(int reserved) =>
        // close(2) frees the number whatever it answers.
        _ = LibC.close(reserved);

    private int NextFree(int index)
    {
        int word = index >> 6;
        if (word >= _used.Length)
        {
            return index;
        }

        ulong free = ~_used[word] & (ulong.MaxValue << index);
        if (free != 0)
        {
            return (word << 6) + BitOperations.TrailingZeroCount(free);
        }

        for (word++; word < _used.Length; word = (word | 63) + 1)
        {
            ulong open = ~_full[word >> 6] & (ulong.MaxValue << word);
            if (open != 0)
            {
                // Bits past the last word stand for none, and are clear.
                word = (word & ~63) + BitOperations.TrailingZeroCount(open);
                return word < _used.Length ? (word << 6) + BitOperations.TrailingZeroCount(~_used[word]) : word << 6;
            }
        }

        return _used.Length << 6;
    }

    private void EnsureCapacity(int index)
    {
        if (index >= _slots.Length)
        {
            Array.Resize(ref _slots, (int)Math.Min(Limit, BitOperations.RoundUpToPowerOf2((uint)index + 1)));
        }

        if (index >> 6 >= _used.Length)
        {
            int words = (int)BitOperations.RoundUpToPowerOf2((uint)(index >> 6) + 1);
            Array.Resize(ref _used, words);
            Array.Resize(ref _full, (words + 63) >> 6);
        }
    }

    private record struct Slot(OpenFile? File, bool CloseOnExec);
}

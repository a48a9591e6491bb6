using System.Numerics;
using LuoInterop.Emulation.Interop;

namespace LuoInterop.Emulation.Files;

/// <summary>Holds the emulated descriptors of one emulated process (<c>struct files_struct</c>, fs/file.c).</summary>
/// <remarks>
/// Numbers begin at <see cref="First"/>, where the host has none, and the lowest free one is given out. Not safe for use
/// from several threads at once: the running kernel's lock guards it.
/// </remarks>
internal sealed class FileDescriptorTable(int limit)
{
    /// <summary>The lowest number: systemd raises fs.nr_open to 8 less.</summary>
    public const int First = 1 << 30;

    private Slot[] _slots = new Slot[16];

    // A set bit is a used number; a set bit of the second level is a word without a free one.
    private ulong[] _used = new ulong[1];
    private ulong[] _full = new ulong[1];

    /// <summary>Gets the number of descriptors in use.</summary>
    public int Count { get; private set; }

    /// <summary>Tells whether a number is one of an emulated descriptor.</summary>
    public static bool IsEmulated(int fd) => fd >= First;

    /// <summary>Takes the lowest free number, without a file behind it yet (get_unused_fd_flags): it, or EMFILE.</summary>
    public int Reserve(int minimum = First)
    {
        int index = NextFree(Math.Max(minimum, First) - First);
        if (index >= limit)
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

    /// <summary>Gives a reserved number back (put_unused_fd).</summary>
    public void Cancel(int fd)
    {
        int index = fd - First;
        _slots[index] = default;
        _used[index >> 6] &= ~(1UL << index);
        _full[index >> 12] &= ~(1UL << (index >> 6));
        Count--;
    }

    /// <summary>Puts a file behind a reserved number (fd_install), close-on-exec set; the table owns the reference.</summary>
    public void Install(int fd, OpenFile file, bool closeOnExec = true) => _slots[fd - First] = new Slot(file, closeOnExec);

    /// <summary>Gets the file behind a number, or null.</summary>
    public OpenFile? Get(int fd)
    {
        uint index = (uint)(fd - First);
        return index < (uint)_slots.Length ? _slots[index].File : null;
    }

    /// <summary>Tells whether a number is closed by execve(2).</summary>
    public bool IsCloseOnExec(int fd) => _slots[fd - First].CloseOnExec;

    /// <summary>Sets whether a number is closed by execve(2).</summary>
    public void SetCloseOnExec(int fd, bool closeOnExec) => _slots[fd - First].CloseOnExec = closeOnExec;

    /// <summary>Closes a number: 0 or EBADF.</summary>
    public int Close(int fd)
    {
        if (Get(fd) is not { } file)
        {
            return Refused.EBADF;
        }

        Cancel(fd);
        file.Put();
        return 0;
    }

    /// <summary>Closes all numbers in ascending order, as the exit of a process does.</summary>
    public void CloseAll()
    {
        for (int i = 0; i < _slots.Length; i++)
        {
            if (_slots[i].File is not null)
            {
                _ = Close(First + i);
            }
        }
    }

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
            Array.Resize(ref _slots, (int)Math.Min(limit, BitOperations.RoundUpToPowerOf2((uint)index + 1)));
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

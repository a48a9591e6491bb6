using System.Buffers.Binary;
using LuoInterop.Emulation.Interop;
using LuoInterop.Interop;

namespace LuoInterop.Emulation.Files;

/// <summary>Holds an ioctl's structure inside the kernel (<c>struct luo_ucmd</c> of kernel/liveupdate/luo_internal.h).</summary>
internal readonly ref struct UserCommand
{
    private readonly UserMemory _user;
    private readonly uint _userSize;

    /// <param name="user">Where the caller's structure is.</param>
    /// <param name="userSize">Its size.</param>
    /// <param name="structure">The structure as the kernel read it.</param>
    public UserCommand(UserMemory user, uint userSize, Span<byte> structure)
    {
        _user = user;
        _userSize = userSize;
        Structure = structure;
    }

    /// <summary>Gets the structure as the kernel read it; changes go out with <see cref="Respond"/>.</summary>
    public Span<byte> Structure { get; }

    /// <summary>Gets or sets the second word: <c>fd</c>, or <c>reserved</c>.</summary>
    public int SecondWord
    {
        get => BinaryPrimitives.ReadInt32LittleEndian(Structure[4..]);
        set => BinaryPrimitives.WriteInt32LittleEndian(Structure[4..], value);
    }

    /// <summary>Gets the token of PRESERVE_FD and RETRIEVE_FD.</summary>
    public ulong Token => BinaryPrimitives.ReadUInt64LittleEndian(Structure[8..]);

    /// <summary>Gets the name field of the structures that have one.</summary>
    public Span<byte> Name => Structure[8..];

    /// <summary>Reads the size that a structure begins with, which comes before the request's number is looked at as a whole: 0,
    /// EFAULT or ENOTTY.</summary>
    public static int ReadSize(uint request, UserMemory argument, out uint size)
    {
        Span<byte> word = stackalloc byte[sizeof(uint)];
        if (argument.CopyFrom(word) != 0)
        {
            size = 0;
            return Refused.EFAULT;
        }

        size = BinaryPrimitives.ReadUInt32LittleEndian(word);
        return request >> 8 == LiveUpdateHeader.LIVEUPDATE_IOCTL_TYPE ? 0 : Refused.ENOTTY;
    }

    /// <summary>Copies the structure back, as far as the caller's reaches (luo_ucmd_respond): 0 or EFAULT.</summary>
    public int Respond() => _user.CopyTo(Structure[..(int)Math.Min(_userSize, (uint)Structure.Length)]);
}

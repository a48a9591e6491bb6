using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace LuoInterop.Benchmarks;

/// <summary>Makes LUO's calls from two buffers, so that what is measured is the kernel and no wrapper.</summary>
/// <remarks>Numbers and layouts are those of include/uapi/linux/liveupdate.h. Not safe for use from several threads at once.</remarks>
internal sealed class LuoCalls(Kernel kernel)
{
    private const uint CreateSession = 0xBA00;
    private const uint RetrieveSession = 0xBA01;
    private const uint PreserveFd = 0xBA40;
    private const uint RetrieveFd = 0xBA41;
    private const uint FinishSession = 0xBA42;

    private readonly byte[] _named = new byte[72];
    private readonly byte[] _file = new byte[16];
    private readonly byte[] _finish = new byte[8];

    /// <summary>Creates a session, and gives its descriptor.</summary>
    public int Create(SafeHandle device, ReadOnlySpan<byte> prefix, int number) => Named(device, CreateSession, prefix, number);

    /// <summary>Retrieves a session, and gives its descriptor.</summary>
    public int Retrieve(SafeHandle device, ReadOnlySpan<byte> prefix, int number) => Named(device, RetrieveSession, prefix, number);

    /// <summary>Preserves a file in a session.</summary>
    public void Preserve(SafeHandle session, int fd, int token) => File(session, PreserveFd, fd, token);

    /// <summary>Retrieves a file of a session, and gives its descriptor.</summary>
    public int Retrieve(SafeHandle session, int token) => File(session, RetrieveFd, -1, token);

    /// <summary>Ends a retrieved session.</summary>
    public void Finish(SafeHandle session) => Call(session, FinishSession, _finish);

    private int Named(SafeHandle device, uint request, ReadOnlySpan<byte> prefix, int number)
    {
        Span<byte> name = _named.AsSpan(8);
        name.Clear();
        prefix.CopyTo(name);
        _ = number.TryFormat(name[prefix.Length..], out _, default, System.Globalization.CultureInfo.InvariantCulture);
        return Call(device, request, _named);
    }

    private int File(SafeHandle session, uint request, int fd, int token)
    {
        BinaryPrimitives.WriteInt32LittleEndian(_file.AsSpan(4), fd);
        BinaryPrimitives.WriteUInt64LittleEndian(_file.AsSpan(8), (ulong)token);
        return Call(session, request, _file);
    }

    private int Call(SafeHandle file, uint request, byte[] structure)
    {
        BinaryPrimitives.WriteInt32LittleEndian(structure, structure.Length);
        int result = kernel.Ioctl(file, request, structure.AsSpan());
        return result == 0
            ? BinaryPrimitives.ReadInt32LittleEndian(structure.AsSpan(4))
            : throw new InvalidOperationException($"ioctl 0x{request:x} was refused with {(Errno)(-result)}.");
    }
}

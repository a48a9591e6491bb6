using System.Buffers.Binary;
using System.Runtime.InteropServices;
using LuoInterop.Kvm;
using LuoInterop.Tests.Support;
using Tmds.Linux;

namespace LuoInterop.Tests.Kvm;

/// <summary>Answers KVM's calls as a test says: every descriptor is a memfd, and a vCPU's is the page that it shares.</summary>
internal sealed unsafe class ScriptedKvm : ScriptedHost
{
    public const int MapSize = 3 * 4096;

    private readonly HashSet<int> _open = [];
    private nint _shared;

    /// <summary>Gets or sets what KVM_GET_API_VERSION answers.</summary>
    public int Version { get; init; } = 12;

    /// <summary>Gets or sets what KVM_GET_VCPU_MMAP_SIZE answers.</summary>
    public int VcpuMapSize { get; init; } = MapSize;

    /// <summary>Gets or sets what fcntl answers.</summary>
    public int FcntlResult { get; init; }

    /// <summary>Gets or sets what KVM_RUN does to the shared page, and answers.</summary>
    public Func<nint, int> Run { get; set; } = static _ => 0;

    /// <summary>Gets how many descriptors are open.</summary>
    public int OpenDescriptors => _open.Count;

    public override int Open(string path, int flags, uint mode = 0) => path == KvmDevice.DefaultPath ? New() : base.Open(path, flags, mode);

    public override int Close(int fd)
    {
        _open.Remove(fd);
        return base.Close(fd);
    }

    public override int Fcntl(SafeHandle file, int command, nint argument = 0) => FcntlResult;

    public override nint MMap(nuint length, int protection, int flags, SafeHandle file, long offset) =>
        _shared = base.MMap(length, protection, flags, file, offset);

    public override int Ioctl(SafeHandle file, uint request, nint argument) => request switch
    {
        0xAE00 => Version,
        0xAE04 => VcpuMapSize,
        0xAE01 or 0xAE41 or 0xC040AED4 => New(),
        0xAE80 => Run(_shared),
        _ => -(int)Errno.ENOTTY,
    };

    /// <summary>Writes a number of a byte count at an offset of the shared page.</summary>
    public static void Put(nint page, int offset, ulong value, int size)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        bytes[..size].CopyTo(new Span<byte>((void*)(page + offset), size));
    }

    private int New()
    {
        int fd = MemfdCreate("kvm", LibC.MFD_CLOEXEC);
        using var file = new Microsoft.Win32.SafeHandles.SafeFileHandle(fd, ownsHandle: false);
        Assert.Equal(0, FTruncate(file, MapSize));
        _open.Add(fd);
        return fd;
    }
}

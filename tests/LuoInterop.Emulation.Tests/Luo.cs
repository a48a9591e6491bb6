using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace LuoInterop.Emulation.Tests;

/// <summary>Makes the calls of LUO as bytes. The numbers are written out, so that the tests do not share them with the library.</summary>
internal static class Luo
{
    public const uint CreateSessionNumber = 0xBA00;
    public const uint RetrieveSessionNumber = 0xBA01;
    public const uint PreserveFdNumber = 0xBA40;
    public const uint RetrieveFdNumber = 0xBA41;
    public const uint FinishNumber = 0xBA42;
    public const uint GetNameNumber = 0xBA43;

    public const int EPERM = -1,
        ENOENT = -2,
        EIO = -5,
        ENXIO = -6,
        E2BIG = -7,
        ENOEXEC = -8,
        EBADF = -9,
        EAGAIN = -11,
        ENOMEM = -12,
        EACCES = -13,
        EFAULT = -14, EBUSY = -16, EEXIST = -17, ENODEV = -19, EINVAL = -22, EMFILE = -24, ENOTTY = -25, ETXTBSY = -26, EFBIG = -27,
        ENOSPC = -28, ESPIPE = -29, EOPNOTSUPP = -95;

    public const int O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_TRUNC = 0x200, O_APPEND = 0x400, O_PATH = 0x200000, O_CLOEXEC = 0x80000;
    public const int F_GETFD = 1, F_SETFD = 2, F_GETFL = 3, F_DUPFD_CLOEXEC = 1030, F_ADD_SEALS = 1033, F_GET_SEALS = 1034;
    public const int SealSeal = 1, SealShrink = 2, SealGrow = 4, SealWrite = 8, SealFutureWrite = 16, SealExec = 32;
    public const uint MFD_CLOEXEC = 1, MFD_ALLOW_SEALING = 2, MFD_HUGETLB = 4, MFD_NOEXEC_SEAL = 8, MFD_EXEC = 16;
    public const uint KexecCommand = 0x45584543, RestartCommand = 0x01234567, PowerOffCommand = 0x4321FEDC;
    public const uint KexecFileUnload = 1, KexecFileOnCrash = 2, KexecFileNoInitramfs = 4;

    public static Descriptor OpenDevice(this Kernel kernel) => new(kernel, kernel.Open("/dev/liveupdate", O_RDWR | O_CLOEXEC));

    public static byte[] NameStructure(string name, uint size = 72, int length = 72)
    {
        byte[] bytes = new byte[length];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, size);
        Encoding.UTF8.GetBytes(name, bytes.AsSpan(8));
        return bytes;
    }

    public static byte[] FdStructure(int fd, ulong token, uint size = 16, int length = 16)
    {
        byte[] bytes = new byte[length];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, size);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), fd);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), token);
        return bytes;
    }

    public static int Fd(this byte[] structure) => BinaryPrimitives.ReadInt32LittleEndian(structure.AsSpan(4));

    public static int TryCreate(this Kernel kernel, SafeHandle device, string name, out int fd) =>
        TryOpenSession(kernel, device, CreateSessionNumber, name, out fd);

    public static Descriptor Create(this Kernel kernel, SafeHandle device, string name)
    {
        Assert.Equal(0, kernel.TryCreate(device, name, out int fd));
        return new Descriptor(kernel, fd);
    }

    public static int TryRetrieveSession(this Kernel kernel, SafeHandle device, string name, out int fd) =>
        TryOpenSession(kernel, device, RetrieveSessionNumber, name, out fd);

    private static int TryOpenSession(Kernel kernel, SafeHandle device, uint request, string name, out int fd)
    {
        byte[] structure = NameStructure(name);
        int result = kernel.Ioctl(device, request, structure.AsSpan());
        fd = result == 0 ? structure.Fd() : -1;
        return result;
    }

    public static Descriptor RetrieveSession(this Kernel kernel, SafeHandle device, string name)
    {
        Assert.Equal(0, kernel.TryRetrieveSession(device, name, out int fd));
        return new Descriptor(kernel, fd);
    }

    public static int Preserve(this Kernel kernel, SafeHandle session, int fd, ulong token) =>
        kernel.Ioctl(session, PreserveFdNumber, FdStructure(fd, token).AsSpan());

    public static int TryRetrieve(this Kernel kernel, SafeHandle session, ulong token, out int fd)
    {
        byte[] structure = FdStructure(0, token);
        int result = kernel.Ioctl(session, RetrieveFdNumber, structure.AsSpan());
        fd = result == 0 ? structure.Fd() : -1;
        return result;
    }

    public static Descriptor Retrieve(this Kernel kernel, SafeHandle session, ulong token)
    {
        Assert.Equal(0, kernel.TryRetrieve(session, token, out int fd));
        return new Descriptor(kernel, fd);
    }

    public static int Finish(this Kernel kernel, SafeHandle session) =>
        kernel.Ioctl(session, FinishNumber, new byte[] { 8, 0, 0, 0, 0, 0, 0, 0 });

    public static Descriptor Memfd(this Kernel kernel, string name = "memory", long size = 0, uint flags = MFD_CLOEXEC | MFD_ALLOW_SEALING)
    {
        var file = new Descriptor(kernel, kernel.MemfdCreate(name, flags));
        Assert.Equal(0, kernel.FTruncate(file, size));
        return file;
    }

    public static Descriptor MemfdWith(this Kernel kernel, ReadOnlySpan<byte> content, uint flags = MFD_CLOEXEC | MFD_ALLOW_SEALING)
    {
        Descriptor file = kernel.Memfd(flags: flags);
        Assert.Equal(content.Length, kernel.PWrite(file, content, 0));
        return file;
    }

    public static byte[] Content(this Kernel kernel, SafeHandle file, int length, long offset = 0)
    {
        byte[] bytes = new byte[length];
        Assert.Equal(length, kernel.PRead(file, bytes, offset));
        return bytes;
    }

    public static FileStatus Status(this Kernel kernel, SafeHandle file)
    {
        Assert.Equal(0, kernel.FStat(file, out FileStatus status));
        return status;
    }

    public static string Link(this Kernel kernel, SafeHandle file)
    {
        Assert.Equal(0, kernel.ReadLink(file, out string text));
        return text;
    }

    public static byte[] ReadFile(this Kernel kernel, string path)
    {
        using var file = new Descriptor(kernel, kernel.Open(path, O_RDONLY));
        byte[] bytes = new byte[8192];
        int length = 0;
        while (kernel.Read(file, bytes.AsSpan(length)) is > 0 and var read)
        {
            length += (int)read;
        }

        return bytes[..length];
    }

    public static string ReadText(this Kernel kernel, string path) => Encoding.ASCII.GetString(kernel.ReadFile(path));

    /// <summary>Loads an image of a release, as kexec_file_load does.</summary>
    public static int Load(
        this Kernel kernel, string release = "7.3.5-next", string commandLine = "kho=on liveupdate=on", uint flags = KexecFileNoInitramfs)
    {
        string path = Path.Combine(Path.GetTempPath(), $"luointerop-{Guid.NewGuid():N}.img");
        try
        {
            EmulatedKernelImage.Write(path, release);

            using var image = new Descriptor(kernel, kernel.Open(path, O_RDONLY | O_CLOEXEC));
            return kernel.KexecFileLoad(image, null, commandLine, flags);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Loads an image, jumps into it and boots it.</summary>
    public static EmulatedProcess Kexec(this EmulatedMachine machine, string commandLine = "kho=on liveupdate=on")
    {
        EmulatedProcess kernel = machine.Kernel.StartProcess();
        Assert.Equal(0, kernel.Load(commandLine: commandLine));
        Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
        return machine.Boot();
    }
}

using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using LuoInterop.Emulation.Interop;
using LuoInterop.Interop;

namespace LuoInterop.Emulation.Boot;

/// <summary>Reads the setup header of an x86 kernel image (Documentation/arch/x86/boot.rst; bzImage64_probe of kexec-bzimage64.c).</summary>
internal static class BzImage
{
    public const int HeaderSize = 1024;
    public const int BootFlag = 0x1fe;
    public const int Signature = 0x202;
    public const int ProtocolVersion = 0x206;
    public const int KernelVersion = 0x20e;
    public const int LoadFlags = 0x211;
    public const int XLoadFlags = 0x236;
    public const int CommandLineSize = 0x238;
    public const int KernelVersionBase = 0x200;
    public const ushort BootFlagValue = 0xaa55;
    public const ushort OldestProtocol = 0x020c;
    public const byte LOADED_HIGH = 1;
    public const ushort XLF_KERNEL_64 = 1;
    public const ushort XLF_CAN_BE_LOADED_ABOVE_4G = 2;
    private const int LongestVersion = 256;

    /// <summary>Reads the file of a kernel image through its descriptor (kernel_read_file_from_fd in fs/kernel_read_file.c).</summary>
    /// <param name="file">A host file.</param>
    /// <param name="release">The kernel's release.</param>
    /// <param name="commandLineSize">The most bytes of a command line.</param>
    /// <returns>0; EBADF, EINVAL, ETXTBSY; ENOEXEC for what is no kernel of Linux 6.18 to 7.3.</returns>
    public static int Probe(SafeHandle file, out string release, out uint commandLineSize)
    {
        release = "";
        commandLineSize = 0;
        int error = CheckReadable(file);
        if (error != 0)
        {
            return error;
        }

        Span<byte> header = stackalloc byte[HeaderSize];
        nint length = ReadFully(file, header, 0);
        if (length < 0)
        {
            return (int)length;
        }

        ReadOnlySpan<byte> bytes = header;
        if (length < HeaderSize
            || !bytes[Signature..].StartsWith("HdrS"u8)
            || BinaryPrimitives.ReadUInt16LittleEndian(bytes[BootFlag..]) != BootFlagValue
            || BinaryPrimitives.ReadUInt16LittleEndian(bytes[ProtocolVersion..]) < OldestProtocol
            || (bytes[LoadFlags] & LOADED_HIGH) == 0
            || (bytes[XLoadFlags] & (XLF_KERNEL_64 | XLF_CAN_BE_LOADED_ABOVE_4G)) != (XLF_KERNEL_64 | XLF_CAN_BE_LOADED_ABOVE_4G))
        {
            return Refused.ENOEXEC;
        }

        commandLineSize = BinaryPrimitives.ReadUInt32LittleEndian(bytes[CommandLineSize..]);
        Span<byte> version = stackalloc byte[LongestVersion];
        int offset = BinaryPrimitives.ReadUInt16LittleEndian(bytes[KernelVersion..]) + KernelVersionBase;
        length = ReadFully(file, version, offset);
        if (length < 0)
        {
            return (int)length;
        }

        // "7.3.4 (builder@host) #1 SMP ...": the release is the first word.
        version = version[..(int)length];
        int end = version.IndexOfAny((byte)0, (byte)' ');
        release = end > 0 ? Encoding.Latin1.GetString(version[..end]) : "";
        return KernelProfile.TryFind(release, out _) ? 0 : Refused.ENOEXEC;
    }

    /// <summary>Tells whether a file can be read as kernel or initrd: 0, EBADF, EINVAL or ETXTBSY.</summary>
    public static int CheckReadable(SafeHandle file)
    {
        int flags = Kernel.Linux.Fcntl(file, FcntlHeader.F_GETFL);
        if (flags < 0 || (flags & FcntlHeader.O_PATH) != 0 || (flags & FcntlHeader.O_ACCMODE) == FcntlHeader.O_WRONLY)
        {
            return Refused.EBADF;
        }

        int error = Kernel.Linux.FStat(file, out FileStatus status);
        if (error != 0)
        {
            return error;
        }

        if ((status.Mode & StatHeader.S_IFMT) != StatHeader.S_IFREG)
        {
            return Refused.EINVAL;
        }

        // deny_write_access: nobody may have the file open for writing.
        return (flags & FcntlHeader.O_ACCMODE) != FcntlHeader.O_RDONLY || IsOpenForWriting(file) ? Refused.ETXTBSY
            : status.Size <= 0 ? Refused.EINVAL
            : 0;
    }

    private static bool IsOpenForWriting(SafeHandle file)
    {
        bool held = false;
        try
        {
            file.DangerousAddRef(ref held);
            return HostLease.HasWriters((int)file.DangerousGetHandle());
        }
        finally
        {
            if (held)
            {
                file.DangerousRelease();
            }
        }
    }

    private static nint ReadFully(SafeHandle file, Span<byte> buffer, long offset)
    {
        int done = 0;
        while (done < buffer.Length)
        {
            nint read = Kernel.Linux.PRead(file, buffer[done..], offset + done);
            if (read <= 0)
            {
                return read < 0 ? read : done;
            }

            done += (int)read;
        }

        return done;
    }
}

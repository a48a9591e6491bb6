using System.Runtime.InteropServices;
using System.Text;

namespace LuoInterop.Interop;

/// <summary>Makes the real system calls.</summary>
/// <remarks>
/// SAFETY, of every call here: a buffer is pinned for the call and passed with its own length, so the kernel touches nothing
/// else; a handle is kept open for the call by its marshaller, or by DangerousAddRef where a number is needed; what the
/// kernel fills has the size that the ABI tests prove. Addresses that a caller passes are the kernel's to check (EFAULT).
/// </remarks>
internal sealed unsafe class LinuxKernel : Kernel
{
    private static readonly SafeHandle NoFile = new Microsoft.Win32.SafeHandles.SafeFileHandle(-1, ownsHandle: false);

    public override string Description => $"Linux {Release} (the kernel that this process runs on)";

    public override string Release { get; } = ReadFirstLine("/proc/sys/kernel/osrelease");

    public override string CommandLine => ReadFirstLine("/proc/cmdline");

    public override string? DescribeHolders(string path)
    {
        var holders = new List<string>();
        foreach (string process in Directory.Exists("/proc") ? Directory.EnumerateDirectories("/proc") : [])
        {
            if (int.TryParse(Path.GetFileName(process), out int pid) && Holds(process, path))
            {
                holders.Add($"{ReadFirstLine(process + "/comm")} (pid {pid})");
            }
        }

        return holders.Count > 0 ? string.Join(", ", holders) : null;
    }

    public override int Open(string path, int flags, uint mode = 0) => Result(Libc.open(path, flags, mode));

    public override int Close(int fd) => Result(Libc.close(fd));

    public override int ReadDirectory(string path, out string[] names)
    {
        names = [];
        try
        {
            names = [.. Directory.EnumerateFileSystemEntries(path).Select(static entry => Path.GetFileName(entry))];
            return 0;
        }
        catch (UnauthorizedAccessException)
        {
            return -(int)Errno.EACCES;
        }
        catch (IOException)
        {
            // The exceptions do not tell all errors apart; looking the path up again does. O_PATH opens nothing for real.
            int fd = Open(path, FcntlHeader.O_PATH | FcntlHeader.O_CLOEXEC);
            return fd < 0 ? fd
                : Close(fd) < 0 || Directory.Exists(path) ? -(int)Errno.EIO : -(int)Errno.ENOTDIR;
        }
    }

    public override int Ioctl(SafeHandle file, uint request, Span<byte> argument)
    {
        // SAFETY: the span is pinned for the call, and covers what the structure's size field claims, so that the kernel
        // reads and writes inside it only.
        if (argument.Length >= sizeof(uint) && MemoryMarshal.Read<uint>(argument) > argument.Length)
        {
            throw new ArgumentException("The structure's size field is larger than the span that holds it.", nameof(argument));
        }

        fixed (byte* pointer = argument)
        {
            return Result(Libc.ioctl(file, request, pointer));
        }
    }

    public override int Ioctl(SafeHandle file, uint request, nint argument) =>
        Result(Libc.ioctl(file, request, (void*)argument));

    public override int Fcntl(SafeHandle file, int command, nint argument = 0) => Result(Libc.fcntl(file, command, argument));

    public override int MemfdCreate(string name, uint flags) => Result(Libc.memfd_create(name, flags));

    public override int FTruncate(SafeHandle file, long length) => Result(Libc.ftruncate(file, length));

    public override int FAllocate(SafeHandle file, int mode, long offset, long length) =>
        Result(Libc.fallocate(file, mode, offset, length));

    public override int FChmod(SafeHandle file, uint mode) => Result(Libc.fchmod(file, mode));

    public override long LSeek(SafeHandle file, long offset, SeekOrigin whence)
    {
        // SeekOrigin has the values of SEEK_SET, SEEK_CUR and SEEK_END.
        long position = Libc.lseek(file, offset, (int)whence);
        return position >= 0 ? position : -Marshal.GetLastPInvokeError();
    }

    public override nint Read(SafeHandle file, Span<byte> buffer)
    {
        fixed (byte* pointer = buffer)
        {
            return Result(Libc.read(file, pointer, (nuint)buffer.Length));
        }
    }

    public override nint Write(SafeHandle file, ReadOnlySpan<byte> buffer)
    {
        fixed (byte* pointer = buffer)
        {
            return Result(Libc.write(file, pointer, (nuint)buffer.Length));
        }
    }

    public override nint PRead(SafeHandle file, Span<byte> buffer, long offset)
    {
        fixed (byte* pointer = buffer)
        {
            return Result(Libc.pread(file, pointer, (nuint)buffer.Length, offset));
        }
    }

    public override nint PWrite(SafeHandle file, ReadOnlySpan<byte> buffer, long offset)
    {
        fixed (byte* pointer = buffer)
        {
            return Result(Libc.pwrite(file, pointer, (nuint)buffer.Length, offset));
        }
    }

    public override int FStat(SafeHandle file, out FileStatus status)
    {
        status = default;
        statx data;
        statfs fileSystem;
        byte empty = 0;
        int result = Result(Libc.statx(file, &empty, FcntlHeader.AT_EMPTY_PATH, StatHeader.STATX_BASIC_STATS, &data));
        if (result < 0 || (result = Result(Libc.fstatfs(file, &fileSystem))) < 0)
        {
            return result;
        }

        status = new FileStatus(
            fileSystem.f_type,
            ((ulong)data.stx_dev_major << 32) | data.stx_dev_minor,
            data.stx_ino,
            data.stx_nlink,
            data.stx_mode,
            data.stx_uid,
            data.stx_gid,
            (long)data.stx_size,
            (long)data.stx_blocks);
        return 0;
    }

    public override int ReadLink(SafeHandle file, out string text)
    {
        text = "";
        bool added = false;
        try
        {
            file.DangerousAddRef(ref added);
            byte* buffer = stackalloc byte[4096];
            nint length = Result(Libc.readlink($"/proc/self/fd/{file.DangerousGetHandle()}", buffer, 4096));
            if (length < 0)
            {
                // The kernel has no such entry for a descriptor that is not open.
                return length == -(int)Errno.ENOENT ? -(int)Errno.EBADF : (int)length;
            }

            text = Encoding.UTF8.GetString(buffer, (int)length);
            return 0;
        }
        finally
        {
            if (added)
            {
                file.DangerousRelease();
            }
        }
    }

    public override nint MMap(nuint length, int protection, int flags, SafeHandle file, long offset)
    {
        void* address = Libc.mmap(null, length, protection, flags, file, offset);
        return address != (void*)-1 ? (nint)address : -Marshal.GetLastPInvokeError();
    }

    public override int MUnmap(nint address, nuint length) => Result(Libc.munmap((void*)address, length));

    public override int MAdvise(nint address, nuint length, int advice) => Result(Libc.madvise((void*)address, length, advice));

    public override int KexecFileLoad(SafeHandle? kernel, SafeHandle? initrd, string commandLine, uint flags)
    {
        ArgumentNullException.ThrowIfNull(commandLine);
        int number = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 => KexecHeader.NR_kexec_file_load_x86_64,
            Architecture.Arm64 => KexecHeader.NR_kexec_file_load_arm64,
            _ => throw new PlatformNotSupportedException("Live update exists on x86-64 and arm64 only."),
        };
        kernel ??= NoFile;
        initrd ??= NoFile;
        byte[] line = Encoding.UTF8.GetBytes(commandLine + '\0');
        bool kernelAdded = false;
        bool initrdAdded = false;
        try
        {
            kernel.DangerousAddRef(ref kernelAdded);
            initrd.DangerousAddRef(ref initrdAdded);
            fixed (byte* pointer = line)
            {
                // The length counts the NUL; without a kernel there is no command line (kernel/kexec_file.c).
                bool unload = (flags & KexecHeader.KEXEC_FILE_UNLOAD) != 0;
                return (int)Result(Libc.syscall_kexec_file_load(
                    number,
                    kernel.DangerousGetHandle(),
                    initrd.DangerousGetHandle(),
                    unload ? 0 : (nuint)line.Length,
                    unload ? null : pointer,
                    flags));
            }
        }
        finally
        {
            if (initrdAdded)
            {
                initrd.DangerousRelease();
            }

            if (kernelAdded)
            {
                kernel.DangerousRelease();
            }
        }
    }

    public override int Reboot(uint command)
    {
        // reboot(2) in libc hides the magics, and takes no argument for the command.
        int number = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 => RebootHeader.NR_reboot_x86_64,
            Architecture.Arm64 => RebootHeader.NR_reboot_arm64,
            _ => throw new PlatformNotSupportedException("Live update exists on x86-64 and arm64 only."),
        };
        return (int)Result(Libc.syscall_reboot(
            number,
            unchecked((int)RebootHeader.LINUX_REBOOT_MAGIC1),
            (int)RebootHeader.LINUX_REBOOT_MAGIC2,
            unchecked((int)command),
            null));
    }

    private static bool Holds(string process, string path)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries(process + "/fd").Any(entry => new FileInfo(entry).LinkTarget == path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The process ended, or belongs to somebody else: it cannot be known.
            return false;
        }
    }

    private static int Result(int result) => result >= 0 ? result : -Marshal.GetLastPInvokeError();

    private static nint Result(nint result) => result >= 0 ? result : -Marshal.GetLastPInvokeError();

    private static string ReadFirstLine(string path)
    {
        try
        {
            return File.ReadAllText(path).TrimEnd('\n');
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}

using System.Runtime.InteropServices;
using System.Text;
using Tmds.Linux;

namespace LuoInterop.Interop;

/// <summary>Makes the real system calls.</summary>
/// <remarks>
/// SAFETY, of every call here: a buffer is pinned for the call and passed with its own length, so the kernel touches nothing
/// else; a <see cref="DescriptorReference"/> keeps a handle open for the call; what the kernel fills has the size that the ABI tests
/// prove. Addresses that a caller passes are the kernel's to check (EFAULT).
/// </remarks>
internal sealed unsafe class LinuxKernel : Kernel
{
    public override string Description => $"Linux {Release} (the kernel that this process runs on)";

    // Read when it is asked for: a program that resumes begins with this object, and need not know.
    public override string Release => field ??= ReadFirstLine("/proc/sys/kernel/osrelease");

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

    public override int Open(string path, int flags, uint mode = 0)
    {
        using var text = new CString(path, stackalloc byte[CString.OnStack]);
        return SystemCall.Result(LibC.open(text.Pointer, flags, (ushort)mode));
    }

    public override int Close(int fd) => SystemCall.Result(LibC.close(fd));

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
            int fd = Open(path, LibC.O_PATH | LibC.O_CLOEXEC);
            return fd < 0 ? fd
                : Close(fd) < 0 || Directory.Exists(path) ? -(int)Errno.EIO : -(int)Errno.ENOTDIR;
        }
    }

    public override int Ioctl(SafeHandle file, uint request, Span<byte> argument)
    {
        // Measured against an import of its own that saves errno too, on a call that does nothing (FIOCLEX), in turn in one
        // process: 291 ns through Tmds.LibC, 273 ns without (6 %). A call of live update takes microseconds: not worth one.

        // SAFETY: the span is pinned for the call, and covers what a structure of LUO claims to have, so that the kernel
        // reads and writes inside it only.
        LiveUpdateHeader.CheckSize(request, argument);

        using var open = new DescriptorReference(file);
        fixed (byte* pointer = argument)
        {
            return SystemCall.Result(LibC.ioctl(open.Fd, unchecked((int)request), pointer));
        }
    }

    public override int Ioctl(SafeHandle file, uint request, nint argument)
    {
        using var open = new DescriptorReference(file);
        return SystemCall.Result(LibC.ioctl(open.Fd, unchecked((int)request), (void*)argument));
    }

    public override int Fcntl(SafeHandle file, int command, nint argument = 0)
    {
        using var open = new DescriptorReference(file);
        return SystemCall.Result(LibC.fcntl(open.Fd, command, (void*)argument));
    }

    public override int MemfdCreate(string name, uint flags)
    {
        using var text = new CString(name, stackalloc byte[CString.OnStack]);
        return SystemCall.Result(LibC.memfd_create(text.Pointer, flags));
    }

    public override int FTruncate(SafeHandle file, long length)
    {
        using var open = new DescriptorReference(file);
        return SystemCall.Result(LibC.ftruncate(open.Fd, length));
    }

    public override int FAllocate(SafeHandle file, int mode, long offset, long length)
    {
        using var open = new DescriptorReference(file);
        return SystemCall.Result(LibC.fallocate(open.Fd, mode, offset, length));
    }

    public override int FChmod(SafeHandle file, uint mode)
    {
        using var open = new DescriptorReference(file);
        return SystemCall.Result(LibC.fchmod(open.Fd, (ushort)mode));
    }

    public override long LSeek(SafeHandle file, long offset, SeekOrigin whence)
    {
        // SeekOrigin has the values of SEEK_SET, SEEK_CUR and SEEK_END.
        using var open = new DescriptorReference(file);
        return SystemCall.Result(LibC.lseek(open.Fd, offset, (int)whence));
    }

    public override nint Read(SafeHandle file, Span<byte> buffer)
    {
        using var open = new DescriptorReference(file);
        fixed (byte* pointer = buffer)
        {
            return SystemCall.Result(LibC.read(open.Fd, pointer, buffer.Length));
        }
    }

    public override nint Write(SafeHandle file, ReadOnlySpan<byte> buffer)
    {
        using var open = new DescriptorReference(file);
        fixed (byte* pointer = buffer)
        {
            return SystemCall.Result(LibC.write(open.Fd, pointer, buffer.Length));
        }
    }

    public override nint PRead(SafeHandle file, Span<byte> buffer, long offset)
    {
        using var open = new DescriptorReference(file);
        fixed (byte* pointer = buffer)
        {
            return SystemCall.Result(LibC.pread(open.Fd, pointer, buffer.Length, offset));
        }
    }

    public override nint PWrite(SafeHandle file, ReadOnlySpan<byte> buffer, long offset)
    {
        using var open = new DescriptorReference(file);
        fixed (byte* pointer = buffer)
        {
            return SystemCall.Result(LibC.pwrite(open.Fd, pointer, buffer.Length, offset));
        }
    }

    public override int FStat(SafeHandle file, out FileStatus status)
    {
        status = default;
        statx data;
        statfs fileSystem;
        byte empty = 0;
        using var open = new DescriptorReference(file);
        int result = SystemCall.Result(LibC.statx(open.Fd, &empty, LibC.AT_EMPTY_PATH, LibC.STATX_BASIC_STATS, &data));
        if (result < 0 || (result = SystemCall.Result(VfsHeader.fstatfs(open.Fd, &fileSystem))) < 0)
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
            (long)data.stx_blocks,
            fileSystem.f_bsize);
        return 0;
    }

    public override int ReadLink(SafeHandle file, out string text)
    {
        text = "";
        using var open = new DescriptorReference(file);
        const int Size = 4096;
        byte* buffer = stackalloc byte[Size];
        using var link = new CString($"/proc/self/fd/{open.Fd}", stackalloc byte[CString.OnStack]);
        nint length = SystemCall.Result(LibC.readlink(link.Pointer, buffer, Size));
        if (length < 0)
        {
            // The kernel has no such entry for a descriptor that is not open.
            return length == -(int)Errno.ENOENT ? -(int)Errno.EBADF : (int)length;
        }

        text = KernelText.Decode(new ReadOnlySpan<byte>(buffer, (int)length));
        return 0;
    }

    public override nint MMap(nuint length, int protection, int flags, SafeHandle file, long offset)
    {
        using var open = new DescriptorReference(file);
        void* address = LibC.mmap(null, (size_t)length, protection, flags, open.Fd, offset);
        return address != LibC.MAP_FAILED ? (nint)address : SystemCall.LastError;
    }

    public override int MUnmap(nint address, nuint length) => SystemCall.Result(LibC.munmap((void*)address, (size_t)length));

    public override int MAdvise(nint address, nuint length, int advice) =>
        SystemCall.Result(LibC.madvise((void*)address, (size_t)length, advice));

    public override int KexecFileLoad(SafeHandle? kernel, SafeHandle? initrd, string commandLine, uint flags)
    {
        ArgumentNullException.ThrowIfNull(commandLine);
        using var kernelFile = new DescriptorReference(kernel ?? DescriptorReference.NoFile);
        using var initrdFile = new DescriptorReference(initrd ?? DescriptorReference.NoFile);

        // The length counts the NUL; without a kernel there is no command line (kernel/kexec_file.c).
        byte[] line = Encoding.UTF8.GetBytes(commandLine + '\0');
        bool unload = (flags & KexecHeader.KEXEC_FILE_UNLOAD) != 0;
        fixed (byte* pointer = line)
        {
            return (int)SystemCall.Result((ssize_t)LibC.syscall(
                (int)UnistdHeader.NR_kexec_file_load,
                kernelFile.Fd,
                initrdFile.Fd,
                unload ? 0 : line.Length,
                unload ? null : pointer,
                flags));
        }
    }

    public override int Reboot(uint command)
    {
        // reboot(2) in libc hides the magics, and takes no argument for the command.
        return (int)SystemCall.Result((ssize_t)LibC.syscall(
            (int)UnistdHeader.NR_reboot, RebootHeader.LINUX_REBOOT_MAGIC1, RebootHeader.LINUX_REBOOT_MAGIC2, command, (void*)null));
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

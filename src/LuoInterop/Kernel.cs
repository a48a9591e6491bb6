using System.Runtime.InteropServices;
using LuoInterop.Interop;

namespace LuoInterop;

/// <summary>Answers the system calls of one process: the seam between the managed API and a kernel.</summary>
/// <remarks>
/// <para>There are two: <see cref="Linux"/>, which makes the real calls, and the emulated kernel of the package
/// LuoInterop.Emulation. Programs rarely call these members; they hand a kernel to <c>LiveUpdateDevice</c>,
/// <c>Memfd</c>, <c>KexecImage</c> and <c>KhoDebugFs</c>.</para>
/// <para>A call returns what the system call returns, and <c>-errno</c> when the kernel refuses, so that no call
/// allocates or throws for a refusal. Handles are passed as <see cref="SafeHandle"/> and kept alive for the call; a closed
/// one throws <see cref="ObjectDisposedException"/>. Descriptors that a call opens are returned as numbers and belong to the
/// caller, who closes them with <see cref="Close"/>, or gives them to a <see cref="KernelHandle"/>. Memfds and other host files
/// are descriptors of the host process on
/// both kernels; the device and its sessions are so on Linux only.</para>
/// <para>Programs make others from <see cref="ForwardingKernel"/> only: an added member would break them, and a wrapper that did
/// not say what
/// it wraps would take the guard from the reboot of the machine that it stands for.</para>
/// <para>Every member may be called from several threads at once.</para>
/// </remarks>
public abstract class Kernel
{
    /// <summary>Makes a kernel that answers itself, or one that passes calls on to another.</summary>
    private protected Kernel(Kernel? wrapped = null) => Innermost = wrapped?.Innermost ?? this;

    /// <summary>Gets the kernel that this process runs on.</summary>
    public static Kernel Linux { get; } = new LinuxKernel();

    /// <summary>Gets a sentence for people that says which kernel this is, and whether it is emulated.</summary>
    public abstract string Description { get; }

    /// <summary>Gets the kernel's release as <c>uname -r</c> prints it, for example <c>7.3.4</c>.</summary>
    public abstract string Release { get; }

    /// <summary>Gets the kernel's command line, as <c>/proc/cmdline</c> has it, without the final newline.</summary>
    /// <remarks>Empty when it cannot be read. What to pass on to the next kernel is <see cref="KernelCommandLine.Reuse"/>.</remarks>
    public abstract string CommandLine { get; }

    /// <summary>Gets what this kernel knowingly does otherwise than Linux, a line of text each; empty for Linux itself.</summary>
    public virtual IReadOnlyList<string> Differences => [];

    /// <summary>Gets the kernel that answers in the end: all that pass calls on to it stand for the same process of the same
    /// machine.</summary>
    internal Kernel Innermost { get; }

    /// <summary>Names the processes that hold a file open, for people, as far as that can be known. Looks through all processes.</summary>
    /// <returns>A text such as <c>systemd (pid 1)</c>, or null.</returns>
    public virtual string? DescribeHolders(string path) => null;

    /// <summary>Opens a file: open(2).</summary>
    public abstract int Open(string path, int flags, uint mode = 0);

    /// <summary>Closes a descriptor: close(2).</summary>
    public abstract int Close(int fd);

    /// <summary>Lists the names in a folder, in no order, without <c>.</c> and <c>..</c>.</summary>
    /// <returns>0 or <c>-errno</c>.</returns>
    public abstract int ReadDirectory(string path, out string[] names);

    /// <summary>Performs ioctl(2) with a structure that is readable and writable.</summary>
    /// <exception cref="ArgumentException">A request of LUO whose structure says, in its size field, that it is longer than
    /// <paramref name="argument"/>: the kernel reads that many bytes.</exception>
    public abstract int Ioctl(SafeHandle file, uint request, Span<byte> argument);

    /// <summary>Performs ioctl(2) with any address, also one that is not mapped or not writable.</summary>
    public abstract int Ioctl(SafeHandle file, uint request, nint argument);

    /// <summary>Performs fcntl(2).</summary>
    public abstract int Fcntl(SafeHandle file, int command, nint argument = 0);

    /// <summary>Creates an anonymous memory file: memfd_create(2).</summary>
    public abstract int MemfdCreate(string name, uint flags);

    /// <summary>Sets the size of a file, in bytes: ftruncate(2).</summary>
    public abstract int FTruncate(SafeHandle file, long length);

    /// <summary>Allocates or frees a range of a file: fallocate(2).</summary>
    public abstract int FAllocate(SafeHandle file, int mode, long offset, long length);

    /// <summary>Changes a file's mode bits: fchmod(2).</summary>
    public abstract int FChmod(SafeHandle file, uint mode);

    /// <summary>Moves the position of an open file description: lseek(2).</summary>
    public abstract long LSeek(SafeHandle file, long offset, SeekOrigin whence);

    /// <summary>Reads at the position and moves it: read(2).</summary>
    public abstract nint Read(SafeHandle file, Span<byte> buffer);

    /// <summary>Writes at the position and moves it: write(2).</summary>
    public abstract nint Write(SafeHandle file, ReadOnlySpan<byte> buffer);

    /// <summary>Reads at an offset: pread(2).</summary>
    public abstract nint PRead(SafeHandle file, Span<byte> buffer, long offset);

    /// <summary>Writes at an offset: pwrite(2).</summary>
    public abstract nint PWrite(SafeHandle file, ReadOnlySpan<byte> buffer, long offset);

    /// <summary>Reads what the file system knows of a file: statx(2) and fstatfs(2).</summary>
    public abstract int FStat(SafeHandle file, out FileStatus status);

    /// <summary>Reads the text of <c>/proc/self/fd/N</c>, for example <c>anon_inode:[luo_session] NAME</c>.</summary>
    public abstract int ReadLink(SafeHandle file, out string text);

    /// <summary>Maps a file into memory: mmap(2). The address is page-aligned.</summary>
    /// <returns>The address, or <c>-errno</c> (-4095 to -1).</returns>
    public abstract nint MMap(nuint length, int protection, int flags, SafeHandle file, long offset);

    /// <summary>Removes a mapping: munmap(2).</summary>
    public abstract int MUnmap(nint address, nuint length);

    /// <summary>Advises about a mapping: madvise(2).</summary>
    public abstract int MAdvise(nint address, nuint length, int advice);

    /// <summary>Loads a kernel for kexec: kexec_file_load(2).</summary>
    /// <param name="kernel">The kernel image, or null to unload.</param>
    /// <param name="initrd">The initial RAM disk, or null.</param>
    /// <param name="commandLine">The next kernel's command line.</param>
    /// <param name="flags">KEXEC_FILE_ flags.</param>
    public abstract int KexecFileLoad(SafeHandle? kernel, SafeHandle? initrd, string commandLine, uint flags);

    /// <summary>Restarts the machine: reboot(2). Does not return when the kernel obeys.</summary>
    public abstract int Reboot(uint command);

    /// <summary>Is told that a handle has just taken a descriptor that this kernel gave out. Does not throw.</summary>
    internal virtual void Owned(SafeHandle handle)
    {
    }
}

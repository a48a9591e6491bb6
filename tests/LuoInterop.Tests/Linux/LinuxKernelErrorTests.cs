using LuoInterop.Interop;
using LuoInterop.Tests.Support;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace LuoInterop.Tests.Linux;

/// <summary>Proves which error numbers the host's kernel gives through the seam.</summary>
public class LinuxKernelErrorTests
{
    private static readonly Kernel Kernel = Kernel.Linux;

    [Fact]
    public void ReadDirectory_MissingPath_IsNoEntry()
    {
        Assert.Equal(-(int)Errno.ENOENT, Kernel.ReadDirectory("/proc/self/no-such-folder", out string[] names));
        Assert.Empty(names);
        Assert.Equal(-(int)Errno.ENOENT, Kernel.ReadDirectory("/no-such-folder/below", out _));
    }

    [Theory]
    [InlineData("/proc/self/status")]
    [InlineData("/dev/null")]
    [InlineData("/proc/self/status/below")]
    public void ReadDirectory_File_IsNotADirectory(string path)
    {
        Assert.Equal(-(int)Errno.ENOTDIR, Kernel.ReadDirectory(path, out string[] names));
        Assert.Empty(names);
    }

    [Fact]
    public void ReadDirectory_TooLongName_IsNameTooLong() =>
        Assert.Equal(-(int)Errno.ENAMETOOLONG, Kernel.ReadDirectory("/" + new string('n', 300), out _));

    [Fact]
    public void ReadDirectory_Folder_ListsNamesWithoutDots()
    {
        Assert.Equal(0, Kernel.ReadDirectory("/proc/self", out string[] names));
        Assert.Contains("status", names);
        Assert.Contains("fd", names);
        Assert.DoesNotContain(".", names);
        Assert.DoesNotContain("..", names);
        Assert.DoesNotContain(names, static name => name.Contains('/', StringComparison.Ordinal));
    }

    [Fact]
    public void ReadDirectory_FolderWithoutPermission_IsPermissionDenied()
    {
        string path = Path.Combine("/dev/shm", $"luointerop-{Guid.NewGuid():N}");
        Directory.CreateDirectory(path, UnixFileMode.None);
        try
        {
            Assert.Equal(-(int)Errno.EACCES, AsNobody.Run(() => Kernel.ReadDirectory(path, out _)));
        }
        finally
        {
            Directory.Delete(path);
        }
    }

    [Fact]
    public void ReadLink_DescriptorThatIsNotOpen_IsBadDescriptor()
    {
        using SafeFileHandle never = Files.NeverOpen();
        Assert.Equal(-(int)Errno.EBADF, Kernel.ReadLink(never, out string text));
        Assert.Equal("", text);
        using var invalid = new SafeFileHandle(-1, ownsHandle: false);
        Assert.Equal(-(int)Errno.EBADF, Kernel.ReadLink(invalid, out _));
    }

    [Fact]
    public void ReadLink_OpenFile_IsItsPath()
    {
        using SafeFileHandle file = Files.Open("/dev/null");
        Assert.Equal(0, Kernel.ReadLink(file, out string text));
        Assert.Equal("/dev/null", text);
    }

    [Fact]
    public void FStat_DescriptorThatIsNotOpen_IsBadDescriptor()
    {
        using SafeFileHandle never = Files.NeverOpen();
        Assert.Equal(-(int)Errno.EBADF, Kernel.FStat(never, out FileStatus status));
        Assert.Equal(default, status);
    }

    [Fact]
    public void EveryCall_DescriptorThatIsNotOpen_IsBadDescriptor()
    {
        using SafeFileHandle never = Files.NeverOpen();
        const int Bad = -(int)Errno.EBADF;
        Assert.Equal(Bad, Kernel.Ioctl(never, LiveUpdateHeader.LIVEUPDATE_SESSION_FINISH, new byte[8]));
        Assert.Equal(Bad, Kernel.Ioctl(never, LiveUpdateHeader.LIVEUPDATE_SESSION_FINISH, (nint)0));
        Assert.Equal(Bad, Kernel.Fcntl(never, FcntlHeader.F_GETFD));
        Assert.Equal(Bad, Kernel.FTruncate(never, 0));
        Assert.Equal(Bad, Kernel.FAllocate(never, 0, 0, 1));
        Assert.Equal(Bad, Kernel.FChmod(never, 0));
        Assert.Equal(Bad, Kernel.LSeek(never, 0, SeekOrigin.Begin));
        Assert.Equal(Bad, Kernel.Read(never, new byte[1]));
        Assert.Equal(Bad, Kernel.Write(never, new byte[1]));
        Assert.Equal(Bad, Kernel.PRead(never, new byte[1], 0));
        Assert.Equal(Bad, Kernel.PWrite(never, new byte[1], 0));
        Assert.Equal(Bad, Kernel.MMap(4096, LibC.PROT_READ, LibC.MAP_SHARED, never, 0));
        Assert.Equal(Bad, Kernel.Close(int.MaxValue));
    }

    [Fact]
    public void EveryCall_ClosedHandle_ThrowsObjectDisposed()
    {
        SafeFileHandle closed = Files.Open("/dev/null");
        closed.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Kernel.Ioctl(closed, 0, new byte[8]));
        Assert.Throws<ObjectDisposedException>(() => Kernel.Fcntl(closed, FcntlHeader.F_GETFD));
        Assert.Throws<ObjectDisposedException>(() => Kernel.FStat(closed, out _));
        Assert.Throws<ObjectDisposedException>(() => Kernel.ReadLink(closed, out _));
        Assert.Throws<ObjectDisposedException>(() => Kernel.MMap(4096, LibC.PROT_READ, LibC.MAP_SHARED, closed, 0));
        Assert.Throws<ObjectDisposedException>(() => Kernel.KexecFileLoad(closed, null, "", 0));
    }

    [Fact]
    public void Ioctl_SizeFieldLargerThanTheSpan_ThrowsBeforeTheCall()
    {
        using SafeFileHandle file = Files.Open("/dev/null");
        byte[] argument = [16, 0, 0, 0, 0, 0, 0, 0];
        Assert.Throws<ArgumentException>(() => Kernel.Ioctl(file, LiveUpdateHeader.LIVEUPDATE_SESSION_FINISH, argument));
    }

    [Fact]
    public void Ioctl_OnAFileOfAnotherKind_IsNotThatKindOfDevice()
    {
        using Memfd file = Memfd.Create(Kernel, "ioctl");
        Assert.Equal(-(int)Errno.ENOTTY, Kernel.Ioctl(file.Handle, LiveUpdateHeader.LIVEUPDATE_SESSION_FINISH, new byte[8]));
    }

    [Fact]
    public void Open_MissingFileAndFolderForWriting_AreRefused()
    {
        Assert.Equal(-(int)Errno.ENOENT, Kernel.Open("/no-such-file", LibC.O_RDONLY));
        Assert.Equal(-(int)Errno.EISDIR, Kernel.Open("/proc/self", LibC.O_RDWR));
    }

    [Fact]
    public void DescribeHolders_FileThatThisProcessHolds_NamesIt()
    {
        string path = Path.Combine("/dev/shm", $"luointerop-{Guid.NewGuid():N}");
        using SafeFileHandle file = Files.Open(path, LibC.O_RDWR | LibC.O_CREAT, 0x180);
        try
        {
            Assert.Contains($"(pid {Environment.ProcessId})", Kernel.DescribeHolders(path), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }

        Assert.Null(Kernel.DescribeHolders(path));
    }

    [Fact]
    public void Texts_OfTheHost_AreThoseOfProc()
    {
        Assert.Equal(File.ReadAllText("/proc/sys/kernel/osrelease").TrimEnd('\n'), Kernel.Release);
        Assert.Equal(File.ReadAllText("/proc/cmdline").TrimEnd('\n'), Kernel.CommandLine);
        Assert.Contains(Kernel.Release, Kernel.Description, StringComparison.Ordinal);
    }
}

using System.Runtime.InteropServices;
using LuoInterop.Interop;
using LuoInterop.Tests.Support;

namespace LuoInterop.Tests.Kexec;

/// <summary>Proves that an image which would lose every preserved file is refused before anything is opened,
/// and errors name the file.</summary>
public class KexecImageTests
{
    private const string Good = "console=ttyS0 kho=on liveupdate=on";

    [Theory]
    [InlineData("")]
    [InlineData("console=ttyS0")]
    [InlineData("liveupdate=off")]
    [InlineData("liveupdate")]
    [InlineData("liveupdate=on liveupdate=0")]
    [InlineData("quiet -- liveupdate=on")]
    [InlineData("liveupdatex=on")]
    [InlineData("note=\"a liveupdate=on b\"")]
    [InlineData("liveupdate=on kho=off")]
    [InlineData("liveupdate=on\tkho=0")]
    [InlineData("kho=on liveupdate=on kho=disabled")]
    [InlineData("kho=on liveupdate=on liveupdate=Disable")]
    [InlineData("x=\"a liveupdate=on b\"")]
    [InlineData("liveupdate=on x=\u00e0liveupdate=off")]
    public void Load_CommandLineThatLosesAll_ThrowsBeforeAnyFileIsOpened(string commandLine)
    {
        var kernel = new LoadKernel();
        var error = Assert.Throws<ArgumentException>(() => KexecImage.Load(kernel, "/boot/vmlinuz", "/boot/initrd", commandLine));
        Assert.Equal("commandLine", error.ParamName);
        Assert.Contains("lost", error.Message, StringComparison.Ordinal);
        Assert.Empty(kernel.Opened);
    }

    [Theory]
    [InlineData("liveupdate=on")]
    [InlineData("liveupdate=1 kho=y")]
    [InlineData("liveupdate=off liveupdate=on")]
    [InlineData("kho=enable liveupdate=enabled")]
    [InlineData("\"liveupdate=on\" x=\"a liveupdate=off b\"")]
    [InlineData("liveupdate=\"on\" -- liveupdate=off kho=off")]
    public void Load_CommandLineThatCarriesSessions_IsLoaded(string commandLine)
    {
        var kernel = new LoadKernel();
        KexecImage image = KexecImage.Load(kernel, "/boot/vmlinuz", null, commandLine);
        Assert.Equal((commandLine, KexecHeader.KEXEC_FILE_NO_INITRAMFS, false), kernel.Loaded);
        Assert.Equal(("/boot/vmlinuz", commandLine), (image.KernelPath, image.CommandLine));
        Assert.Empty(image.InitrdPaths);
        Assert.Equal(["/boot/vmlinuz"], kernel.Opened);
        Assert.Equal(0, kernel.StillOpen);
    }

    [Fact]
    public void Load_WordPastWhatTheKernelKeeps_IsNotThere()
    {
        string line = new string('x', 2047) + " liveupdate=on";
        Assert.Throws<ArgumentException>(() => KexecImage.Load(new LoadKernel(), "/boot/vmlinuz", null, line));
    }

    [Fact]
    public void Load_CommandLineThatLosesAll_SaysWhatTheKernelReads()
    {
        var error = Assert.Throws<ArgumentException>(() =>
            KexecImage.Load(new LoadKernel(), "/boot/vmlinuz", null, "kho=on liveupdate=on \"kho=disabled\""));
        Assert.Contains("(the kernel reads kho=on kho=disabled)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_WithoutLiveUpdateWhenAskedFor_IsLoaded()
    {
        var kernel = new LoadKernel();
        _ = KexecImage.Load(kernel, "/boot/vmlinuz", "/boot/initrd", "quiet kho=off", KexecLoadOptions.WithoutLiveUpdate);
        Assert.Equal(("quiet kho=off", 0u, true), kernel.Loaded);
        Assert.Equal(["/boot/vmlinuz", "/boot/initrd"], kernel.Opened);
    }

    [Fact]
    public void Load_CommandLineWithNul_ThrowsBeforeAnyFileIsOpened()
    {
        var kernel = new LoadKernel();
        Assert.Throws<ArgumentException>(() =>
            KexecImage.Load(kernel, "/boot/vmlinuz", null, Good + "\0kho=off", KexecLoadOptions.WithoutLiveUpdate));
        Assert.Empty(kernel.Opened);
    }

    [Theory]
    [InlineData(null, Good)]
    [InlineData("", Good)]
    [InlineData("/boot/vmlinuz", null)]
    public void Load_NullOrEmpty_ThrowsArgumentException(string? path, string? commandLine) =>
        Assert.ThrowsAny<ArgumentException>(() => KexecImage.Load(new LoadKernel(), path!, null, commandLine!));

    [Fact]
    public void Load_RefusedByTheKernel_NamesTheImageAndClosesTheFiles()
    {
        var kernel = new LoadKernel { Result = -(int)Errno.ENOEXEC };
        var error = Assert.Throws<KernelException>(() => KexecImage.Load(kernel, "/boot/vmlinuz", "/boot/initrd", Good));
        Assert.Equal((Errno.ENOEXEC, "kexec_file_load"), (error.Errno, error.Operation));
        Assert.Contains("/boot/vmlinuz", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, kernel.StillOpen);
    }

    [Fact]
    public void Load_MissingInitrd_NamesItAndClosesTheImage()
    {
        var kernel = new LoadKernel { Missing = "/boot/initrd" };
        var error = Assert.Throws<KernelException>(() => KexecImage.Load(kernel, "/boot/vmlinuz", "/boot/initrd", Good));
        Assert.Equal(Errno.ENOENT, error.Errno);
        Assert.Contains("/boot/initrd", error.Message, StringComparison.Ordinal);
        Assert.Null(kernel.Loaded);
        Assert.Equal(0, kernel.StillOpen);
    }

    // On the host's kernel. None of these files can be loaded, whatever rights the process has.
    [Theory]
    [InlineData("/no-such-image")]
    [InlineData("/proc/self")]
    [InlineData("/dev/null")]
    [InlineData("/proc/self/exe")]
    public void Load_FileThatIsNoImageOnThisHost_NamesIt(string path)
    {
        var error = Assert.Throws<KernelException>(() => KexecImage.Load(Kernel.Linux, path, null, Good));
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Equal(path == "/no-such-image", error is { Errno: Errno.ENOENT, Operation: "open" });
    }

    [Theory]
    [InlineData("0\n", false)]
    [InlineData("1\n", true)]
    [InlineData("", null)]
    public void IsLoaded_ByContentOfTheFile_IsWhatItSays(string content, bool? expected) =>
        Assert.Equal(expected, KexecImage.IsLoaded(new LoadKernel { State = content }));

    [Fact]
    public void IsLoaded_WhereTheKernelDoesNotShowIt_IsUnknown() =>
        Assert.Null(KexecImage.IsLoaded(new LoadKernel { State = null }));

    [Fact]
    public void Unload_Refused_Throws()
    {
        var kernel = new LoadKernel { Result = -(int)Errno.EPERM };
        Assert.Equal(Errno.EPERM, Assert.Throws<KernelException>(() => KexecImage.Unload(kernel)).Errno);
        Assert.Equal(("", KexecHeader.KEXEC_FILE_UNLOAD, false), kernel.Asked);
    }

    private sealed class LoadKernel : ScriptedHost
    {
        private int _open;

        public int Result { get; init; }

        public string? Missing { get; init; }

        public string? State { get; init; } = "0\n";

        public List<string> Opened { get; } = [];

        public int StillOpen => _open;

        public (string CommandLine, uint Flags, bool HasInitrd)? Asked { get; private set; }

        public (string CommandLine, uint Flags, bool HasInitrd)? Loaded => Result < 0 ? null : Asked;

        public override int Open(string path, int flags, uint mode = 0)
        {
            if (path == Missing || (path.StartsWith("/sys/", StringComparison.Ordinal) && State is null))
            {
                return -(int)Errno.ENOENT;
            }

            if (path.StartsWith("/proc/sys/", StringComparison.Ordinal))
            {
                return -(int)Errno.EROFS;
            }

            Opened.Add(path);
            _open++;
            return 1 << 20;
        }

        public override int Close(int fd)
        {
            _open--;
            return 0;
        }

        public override nint Read(SafeHandle file, Span<byte> buffer)
        {
            int count = Math.Min(buffer.Length, State!.Length);
            System.Text.Encoding.ASCII.GetBytes(State.AsSpan(0, count), buffer);
            return count;
        }

        public override int KexecFileLoad(SafeHandle? kernel, SafeHandle? initrd, string commandLine, uint flags)
        {
            Asked = (commandLine, flags, initrd is not null);
            return Result;
        }
    }
}

using System.Runtime.InteropServices;
using System.Text;

namespace LuoInterop.Cli.Emulate;

/// <summary>Owns an open file of a kernel, emulated or not.</summary>
internal sealed class SafeEmulatedFile : SafeHandle
{
    private const int ReadOnlyCloseOnExec = 0x80000;

    private readonly Kernel _kernel;

    /// <exception cref="IOException">The kernel does not have the file.</exception>
    public SafeEmulatedFile(Kernel kernel, string path)
        : base(-1, ownsHandle: true)
    {
        _kernel = kernel;
        int fd = kernel.Open(path, ReadOnlyCloseOnExec);
        SetHandle(fd >= 0 ? fd : throw new IOException($"{path} cannot be opened: {(Errno)(-fd)}."));
    }

    public override bool IsInvalid => handle < 0;

    /// <summary>Reads all of a short text.</summary>
    public string ReadText()
    {
        byte[] bytes = new byte[4096];
        nint length = _kernel.PRead(this, bytes, 0);
        return Encoding.ASCII.GetString(bytes, 0, (int)Math.Max(length, 0));
    }

    protected override bool ReleaseHandle() => _kernel.Close((int)handle) == 0;
}

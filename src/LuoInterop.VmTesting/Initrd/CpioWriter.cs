using System.Text;

namespace LuoInterop.VmTesting.Initrd;

/// <summary>Writes a cpio archive in the "newc" format that the kernel unpacks as its initial root.</summary>
/// <remarks>Modification times are zero, so that equal content gives equal bytes. The stream stays the caller's. Not thread-safe.</remarks>
public sealed class CpioWriter
{
    private const string Trailer = "TRAILER!!!";
    private const int MaxName = 4095;
    private const uint TypeFolder = 0x4000;
    private const uint TypeFile = 0x8000;
    private const uint TypeLink = 0xa000;
    private const uint TypeCharacterDevice = 0x2000;
    private const uint TypeBlockDevice = 0x6000;
    private const uint MaxDeviceMajor = 0xfff;
    private const uint MaxDeviceMinor = 0xfffff;

    private readonly Stream _stream;
    private readonly Dictionary<string, bool> _isFolder = new(StringComparer.Ordinal);
    private uint _inode;
    private bool _finished;

    /// <summary>Starts an archive on a writable stream, which stays the caller's.</summary>
    public CpioWriter(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (!stream.CanWrite)
        {
            throw new ArgumentException("The stream cannot be written.", nameof(stream));
        }

        _stream = stream;
    }

    /// <summary>Adds a folder; <paramref name="permissions"/> are the low twelve mode bits.</summary>
    public void AddFolder(string name, int permissions = 0x1ed) => Add(name, TypeFolder, permissions, [], 0, 0);

    /// <summary>Adds a regular file; <paramref name="permissions"/> are the low twelve mode bits.</summary>
    public void AddFile(string name, ReadOnlySpan<byte> content, int permissions = 0x1a4) =>
        Add(name, TypeFile, permissions, content, 0, 0);

    /// <summary>Adds a symbolic link to <paramref name="target"/>, which may be any path.</summary>
    public void AddLink(string name, string target)
    {
        ArgumentException.ThrowIfNullOrEmpty(target);
        if (target.Contains('\0', StringComparison.Ordinal) || Encoding.UTF8.GetByteCount(target) > MaxName)
        {
            throw new ArgumentException($"The target of link '{name}' is longer than {MaxName} bytes or holds a NUL.", nameof(target));
        }

        Add(name, TypeLink, 0x1ff, Encoding.UTF8.GetBytes(target), 0, 0);
    }

    /// <summary>Adds a character device node.</summary>
    public void AddCharacterDevice(string name, int major, int minor, int permissions = 0x180) =>
        AddDevice(name, TypeCharacterDevice, major, minor, permissions);

    /// <summary>Adds a block device node.</summary>
    public void AddBlockDevice(string name, int major, int minor, int permissions = 0x180) =>
        AddDevice(name, TypeBlockDevice, major, minor, permissions);

    /// <summary>Writes the end of the archive; nothing can be added afterwards.</summary>
    public void Finish()
    {
        ObjectDisposedException.ThrowIf(_finished, this);
        WriteEntry(Trailer, 0, 1, [], 0, 0, 0);
        _finished = true;
    }

    private void AddDevice(string name, uint type, int major, int minor, int permissions)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(major);
        ArgumentOutOfRangeException.ThrowIfNegative(minor);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)major, MaxDeviceMajor, nameof(major));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)minor, MaxDeviceMinor, nameof(minor));
        Add(name, type, permissions, [], (uint)major, (uint)minor);
    }

    private void Add(string name, uint type, int permissions, ReadOnlySpan<byte> content, uint major, uint minor)
    {
        ObjectDisposedException.ThrowIf(_finished, this);
        if (permissions is < 0 or > 0xfff)
        {
            throw new ArgumentOutOfRangeException(nameof(permissions), permissions, "Only the low twelve mode bits are permissions.");
        }

        CheckName(name);
        _isFolder.Add(name, type == TypeFolder);
        WriteEntry(name, type | (uint)permissions, type == TypeFolder ? 2u : 1u, content, major, minor, ++_inode);
    }

    private void CheckName(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (name.Contains('\0', StringComparison.Ordinal) || Encoding.UTF8.GetByteCount(name) > MaxName)
        {
            throw new ArgumentException($"A name is at most {MaxName} bytes and has no NUL.", nameof(name));
        }

        if (name == Trailer || name.Split('/').Any(part => part is "" or "." or ".."))
        {
            throw new ArgumentException($"'{name}' is not a plain relative name.", nameof(name));
        }

        if (_isFolder.ContainsKey(name))
        {
            throw new ArgumentException($"'{name}' was added before.", nameof(name));
        }

        // The kernel drops an entry without a parent folder, silently.
        int slash = name.LastIndexOf('/');
        if (slash > 0 && !(_isFolder.TryGetValue(name[..slash], out bool folder) && folder))
        {
            throw new ArgumentException($"The folder of '{name}' must be added first.", nameof(name));
        }
    }

    private void WriteEntry(string name, uint mode, uint links, ReadOnlySpan<byte> content, uint major, uint minor, uint inode)
    {
        byte[] nameBytes = Encoding.UTF8.GetBytes(name);
        string header = string.Create(System.Globalization.CultureInfo.InvariantCulture,
            $"070701{inode:x8}{mode:x8}{0:x8}{0:x8}{links:x8}{0:x8}{content.Length:x8}"
            + $"{0:x8}{0:x8}{major:x8}{minor:x8}{nameBytes.Length + 1:x8}{0:x8}");
        _stream.Write(Encoding.ASCII.GetBytes(header));
        _stream.Write(nameBytes);
        _stream.WriteByte(0);
        Pad(header.Length + nameBytes.Length + 1);
        _stream.Write(content);
        Pad(content.Length);
    }

    // Header with name, and content, each end on a multiple of four.
    private void Pad(int length)
    {
        for (int i = length; i % 4 != 0; i++)
        {
            _stream.WriteByte(0);
        }
    }
}

using System.IO.Compression;
using System.Text;
using LuoInterop.Emulation;
using LuoInterop.Interop;
using LuoInterop.Tests.Shared;

namespace LuoInterop.Tests.Kexec;

/// <summary>Holds kernel images and what lies beside them, in a folder that is gone with it.</summary>
internal sealed class KexecFiles : IDisposable
{
    public const string CommandLine = "kho=on liveupdate=on";
    public const string Release = "7.3.4-test";

    private readonly string _root = Directory.CreateTempSubdirectory("luointerop-kexec-").FullName;

    /// <summary>Writes a file below the folder, and gives its path.</summary>
    public string Write(string name, byte[] content)
    {
        string path = Path.Combine(_root, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        WrittenFile.Write(path, content);
        return path;
    }

    public string Write(string name, string content) => Write(name, Encoding.UTF8.GetBytes(content));

    /// <summary>Writes an image into the folder <c>boot</c>, with a built-in configuration or without.</summary>
    public string WriteImage(string? configuration = null, string name = "boot/vmlinuz") => Write(name, Image(configuration));

    public static byte[] Image(string? configuration = null)
    {
        using var image = new MemoryStream();
        if (configuration is null)
        {
            EmulatedKernelImage.Write(image, Release);
        }
        else
        {
            EmulatedKernelImage.Write(image, Release, configuration);
        }

        return image.ToArray();
    }

    /// <summary>Makes an image whose compressed kernel is what the caller says, without its end where asked for.</summary>
    public static byte[] ImageOf(byte[] kernel, int cut = 0)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(kernel);
        }

        byte[] image = [.. Image(), .. packed.ToArray()];
        BitConverter.TryWriteBytes(image.AsSpan(BootParamHeader.payload_length), (int)packed.Length);
        BitConverter.TryWriteBytes(image.AsSpan(BootParamHeader.syssize), (int)packed.Length / BootParamHeader.ParagraphSize);
        return image[..^cut];
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);
}

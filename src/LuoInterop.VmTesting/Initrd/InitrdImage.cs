using System.Globalization;

namespace LuoInterop.VmTesting.Initrd;

/// <summary>Makes the initial root of a guest: init, its mount points and the console.</summary>
internal static class InitrdImage
{
    private static readonly string[] s_folders = ["dev", "proc", "sys", "host", "luorun", "root"];

    /// <summary>Makes the archive.</summary>
    /// <param name="init">The program that the kernel starts.</param>
    /// <param name="files">Files of the host; init finds the first as <c>memory/0</c>.</param>
    internal static byte[] Create(ReadOnlySpan<byte> init, IReadOnlyList<string> files)
    {
        using MemoryStream stream = new();
        CpioWriter cpio = new(stream);
        foreach (string folder in s_folders)
        {
            cpio.AddFolder(folder);
        }

        // The kernel opens the console for init before devtmpfs is mounted.
        cpio.AddCharacterDevice("dev/console", 5, 1);
        cpio.AddCharacterDevice("dev/null", 1, 3, 0x1b6);
        cpio.AddFile("init", init, 0x1ed);
        cpio.AddFolder("memory");
        foreach ((int index, string path) in files.Index())
        {
            cpio.AddFile(string.Create(CultureInfo.InvariantCulture, $"memory/{index}"), File.ReadAllBytes(path), 0x1ed);
        }

        cpio.Finish();
        return stream.ToArray();
    }
}

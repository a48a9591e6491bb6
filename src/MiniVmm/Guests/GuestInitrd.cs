using System.Reflection;
using LuoInterop.VmTesting;
using LuoInterop.VmTesting.Initrd;

namespace MiniVmm.Guests;

/// <summary>Makes the initial root of the Linux guest: its init, which is compiled once, and what the kernel wants to find.</summary>
/// <remarks>
/// The init counts, sleeps, checks its memory and clocks, writes numbered lines without pause, and takes commands on the console; the
/// words <c>minivmm.lines=</c> (lines per second, 0 for as fast as it can) and <c>minivmm.mode=</c> (busy, quiet, sleep, fault) of the
/// kernel's command line set how it begins. Its sources are in the folder <c>linux</c>.
/// </remarks>
internal static class GuestInitrd
{
    private const string Prefix = "guests/linux/";

    /// <summary>Makes the archive. Takes gcc and a static C library, unless the cache has the init.</summary>
    /// <param name="cacheFolder">The cache folder, or null for the usual one.</param>
    /// <exception cref="VmSetupException">gcc is missing or failed; the message says what to install.</exception>
    public static byte[] Create(string? cacheFolder = null) =>
        Archive(File.ReadAllBytes(StaticProgram.Compile("minivmm-init", Sources(), cacheFolder)));

    /// <summary>Makes the archive with an init.</summary>
    public static byte[] Archive(ReadOnlySpan<byte> init)
    {
        using MemoryStream stream = new();
        CpioWriter cpio = new(stream);
        foreach (string folder in (ReadOnlySpan<string>)["dev", "proc", "sys"])
        {
            cpio.AddFolder(folder);
        }

        // The kernel opens the console for init before devtmpfs is there.
        cpio.AddCharacterDevice("dev/console", 5, 1);
        cpio.AddCharacterDevice("dev/null", 1, 3, permissions: 0x1b6);
        cpio.AddFile("init", init, permissions: 0x1ed);
        cpio.Finish();
        return stream.ToArray();
    }

    private static Dictionary<string, byte[]> Sources()
    {
        Assembly assembly = typeof(GuestInitrd).Assembly;
        Dictionary<string, byte[]> sources = [];
        foreach (string name in assembly.GetManifestResourceNames())
        {
            if (name.StartsWith(Prefix, StringComparison.Ordinal))
            {
                using Stream content = assembly.GetManifestResourceStream(name)!;
                byte[] bytes = new byte[content.Length];
                content.ReadExactly(bytes);
                sources.Add(name[Prefix.Length..], bytes);
            }
        }

        return sources;
    }
}

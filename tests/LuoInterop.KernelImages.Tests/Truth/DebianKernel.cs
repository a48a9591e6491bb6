using LuoInterop.Tests.Shared;
using LuoInterop.VmTesting;
using LuoInterop.VmTesting.Initrd;

namespace LuoInterop.KernelImages.Tests.Truth;

/// <summary>Is Debian's own Linux 6.18, which <c>eng/debian-6.18.sh</c> downloads. It cannot mount the host's root, so that it has an
/// init of its own, which tells on the console what it finds.</summary>
internal static class DebianKernel
{
    private const int Executable = 0x1ed;

    /// <summary>Downloads it, and writes its initial RAM disk into a folder.</summary>
    public static JumpKernel Get(string folder)
    {
        string image = Tool.Run(Path.Combine(Repository.Root, "eng/debian-6.18.sh")).Trim();
        string initrd = Path.Combine(folder, "debian-initrd");
        File.WriteAllBytes(initrd, Initrd());
        using FileStream file = File.OpenRead(image);
        return new(KernelBuild.FromImage(image), KernelImage.Read(file)) { Initrd = initrd };
    }

    /// <summary>Gives what its init said under a name; null where it did not.</summary>
    public static string? Said(VmResult result, string name)
    {
        string start = $"luo-{name}: ";
        int at = result.Console.IndexOf(start, StringComparison.Ordinal);
        return at < 0 ? null : result.Console[(at + start.Length)..].Split('\n')[0].Trim();
    }

    private static byte[] Initrd()
    {
        const string Source = "found-init.c";
        string program = StaticProgram.Compile("found-init", new Dictionary<string, byte[]>
        {
            [Source] = File.ReadAllBytes(Path.Combine(Repository.Root, "tests/LuoInterop.KernelImages.Tests/Truth", Source)),
        });
        using MemoryStream stream = new();
        CpioWriter cpio = new(stream);
        cpio.AddFolder("dev");
        cpio.AddFolder("sys");
        cpio.AddCharacterDevice("dev/console", 5, 1);
        cpio.AddFile("init", File.ReadAllBytes(program), Executable);
        cpio.Finish();
        return stream.ToArray();
    }
}

using System.Runtime.InteropServices;
using LuoInterop.Emulation;
using LuoInterop.Emulation.Boot;
using Microsoft.Win32.SafeHandles;

namespace LuoInterop.Fuzz;

/// <summary>Reads kernel images, which are files.</summary>
internal sealed class BzImageTarget : FuzzTarget, IDisposable
{
    private static readonly string[] Releases = ["6.18.1", "6.19", "7.0.2", "7.1.9", "7.2-rc1", "7.3.4", "7.3.4-emulated"];

    // Memory where there is some: a file for each input is much for a disk.
    private readonly string _path =
        Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"luo-fuzz-{Guid.NewGuid():n}");

    public BzImageTarget()
        : base("bzimage")
    {
    }

    public override Cost Limit => new(16384, 0);

    public override IReadOnlyList<byte[]> Snippets { get; } =
        ["HdrS"u8.ToArray(), [0x55, 0xaa], "7.3.4 "u8.ToArray(), "-rfc-hugetlb "u8.ToArray(), [0xff, 0xff, 0xff, 0xff]];

    public override byte[] Generate(Random random)
    {
        using var image = new MemoryStream();
        EmulatedKernelImage.Write(image, Releases[random.Next(Releases.Length)]);
        image.Write(new byte[random.Next(4096)]);
        return image.ToArray();
    }

    public override void Prepare(byte[] input) => File.WriteAllBytes(_path, input);

    public override object? Parse(byte[] input)
    {
        using SafeFileHandle file = File.OpenHandle(_path);
        int error = BzImage.Probe(file, out KernelImageHead? image, out string release);
        Require(
            image is null
                || image.ExplainRefusal() is null == (image.IsBzImage && RuntimeInformation.ProcessArchitecture == Architecture.X64),
            "a kernel is explained away, or another file is not");
        Require(image is null || !image.IsCut || image.Length < image.PromisedLength, "a whole image is called cut");
        return error switch
        {
            0 => release,
            -(int)Errno.ENOEXEC or -(int)Errno.EINVAL => null,
            _ => throw new FuzzException($"it is refused with {(Errno)(-error)}"),
        };
    }

    public override void Check(byte[] input, object parsed, bool isSound)
    {
        var release = (string)parsed;
        Require(
            release.Length is > 0 and < 256 && KernelProfile.TryFind(release, out _),
            "a kernel that is loaded has no release that is known");
        Require(!isSound || Releases.Contains(release), "the release is another");
    }

    public void Dispose() => File.Delete(_path);
}

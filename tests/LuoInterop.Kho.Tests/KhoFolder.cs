using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho.Tests;

/// <summary>Builds a debugfs folder kho in a temporary folder, as a kernel shows it.</summary>
internal sealed class KhoFolder : IDisposable
{
    private readonly DirectoryInfo _base = Directory.CreateTempSubdirectory("kho-");

    public string Root => Path.Combine(_base.FullName, "kho");

    public string Parent => _base.FullName;

    /// <summary>Shows what Linux 7.3.4 showed on a cold boot with kho=on and liveupdate=on.</summary>
    public KhoFolder ColdBoot() => this
        .With("out/fdt", GoldenFdt.WithLuo.AsSpan(0, 233))
        .With("out/sub_fdts/kexec-metadata", Metadata("7.3.4", 1))
        .With("out/sub_fdts/LUO", Luo(1))
        .With("out/scratch_phys", "0x1000000\n0x100000000\n"u8)
        .With("out/scratch_len", "0x400000\n0x10000000\n"u8);

    /// <summary>Shows what Linux 7.3.4 shows after a handover: no outgoing tree, and foreign memory for the incoming LUO.</summary>
    public KhoFolder AfterHandover() => this
        .With("in/fdt", GoldenFdt.WithLuo)
        .With("in/sub_fdts/kexec-metadata", Metadata("7.3.3", 1))
        .With("in/sub_fdts/LUO", ElfHeader)
        .With("out/sub_fdts/kexec-metadata", Metadata("7.3.4", 2))
        .With("out/sub_fdts/LUO", Luo(2))
        .With("out/scratch_phys", "0x1000000\n"u8)
        .With("out/scratch_len", "0x400000\n"u8);

    public static byte[] ElfHeader => Convert.FromHexString("7f454c4602010100000000000000000003003e00010000004010000000000000");

    public static byte[] Luo(ulong number, string compatible = "luo-v5", ulong sessions = 0, ulong flbs = 0x1000)
    {
        byte[] bytes = new byte[LuoSer.Size];
        new LuoSer(compatible, number, sessions, flbs).Write(bytes);
        return bytes;
    }

    public static byte[] Metadata(string release, uint count, uint version = 1)
    {
        byte[] bytes = new byte[KexecMetadata.Size];
        new KexecMetadata(version, release, count).Write(bytes);
        return bytes;
    }

    public KhoFolder With(string file, ReadOnlySpan<byte> bytes)
    {
        string path = Path.Combine(Root, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
        return this;
    }

    public KhoFolder Without(string file)
    {
        File.Delete(Path.Combine(Root, file));
        return this;
    }

    public KhoDebugFs Open(Kernel? kernel = null) => new(kernel ?? Kernel.Linux, Root);

    public void Dispose() => _base.Delete(recursive: true);
}

using System.Buffers.Binary;
using System.Text;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests;

/// <summary>Proves the files of debugfs (contract 3.1 to 3.3).</summary>
public class KhoFilesTests
{
    private const string Kho = "/sys/kernel/debug/kho";

    [Fact]
    public void ColdBoot_HasOutOnly_WithATruncatedTree()
    {
        using var machine = new EmulatedMachine();
        EmulatedProcess kernel = machine.Boot();
        Assert.Equal(["out"], Names(kernel, Kho));
        Assert.Equal(["fdt", "scratch_len", "scratch_phys", "sub_fdts"], Names(kernel, Kho + "/out"));
        Assert.Equal(["LUO", "kexec-metadata"], Names(kernel, Kho + "/out/sub_fdts"));
        Assert.Equal(ENOENT, kernel.Open(Kho + "/in/fdt", O_RDONLY));
        byte[] fdt = kernel.ReadFile(Kho + "/out/fdt");
        Assert.Equal(0xd00dfeed, BinaryPrimitives.ReadUInt32BigEndian(fdt));

        // As seen on Linux 7.3.4: 233 bytes of 285.
        Assert.Equal(233, fdt.Length);
        Assert.Equal(285u, BinaryPrimitives.ReadUInt32BigEndian(fdt.AsSpan(4)));
        Assert.Equal(32, kernel.ReadFile(Kho + "/out/sub_fdts/LUO").Length);
        Assert.StartsWith("luo-v5\0", Encoding.ASCII.GetString(kernel.ReadFile(Kho + "/out/sub_fdts/LUO")), StringComparison.Ordinal);
        Assert.Equal(73, kernel.ReadFile(Kho + "/out/sub_fdts/kexec-metadata").Length);
        Assert.Equal(3, kernel.ReadText(Kho + "/out/scratch_phys").Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public void KhoBoot_HasIn_WithAStaleLuo_AndNoOutFdt_AndInheritsScratch()
    {
        using var machine = new EmulatedMachine(new EmulatedMachineOptions { CommandLine = "liveupdate=on kho_scratch=5M,12M,0x" });
        EmulatedProcess kernel = machine.Boot();
        string scratch = kernel.ReadText(Kho + "/out/scratch_phys") + kernel.ReadText(Kho + "/out/scratch_len");
        byte[] luo = kernel.ReadFile(Kho + "/out/sub_fdts/LUO");
        byte[] metadata = kernel.ReadFile(Kho + "/out/sub_fdts/kexec-metadata");
        EmulatedProcess next = machine.Kexec("kho_scratch=16M,16M,16M liveupdate=on");
        Assert.Equal(["in", "out"], Names(next, Kho));
        Assert.Equal(["fdt", "sub_fdts"], Names(next, Kho + "/in"));
        Assert.Equal(["LUO", "kexec-metadata"], Names(next, Kho + "/in/sub_fdts"));
        Assert.Equal(["scratch_len", "scratch_phys", "sub_fdts"], Names(next, Kho + "/out"));
        Assert.Equal(ENOENT, next.Open(Kho + "/out/fdt", O_RDONLY));
        Assert.Equal(285, next.ReadFile(Kho + "/in/fdt").Length);
        Assert.Equal(metadata, next.ReadFile(Kho + "/in/sub_fdts/kexec-metadata"));
        byte[] stale = next.ReadFile(Kho + "/in/sub_fdts/LUO");
        Assert.Equal(luo.Length, stale.Length);
        Assert.NotEqual(luo, stale);
        Assert.Equal(scratch, next.ReadText(Kho + "/out/scratch_phys") + next.ReadText(Kho + "/out/scratch_len"));
    }

    [Theory]
    [InlineData("kho_scratch=5M,12M,1G", "0x800000\n0xc00000\n0x40000000\n")]
    [InlineData("kho_scratch=100%", "0x800000\n0x2000000\n0x800000\n")]
    [InlineData("kho_scratch=0,0,0", "0x1000000\n0x4000000\n0x1000000\n")]
    [InlineData("kho_scratch=1M,2M", "0x1000000\n0x4000000\n0x1000000\n")]
    public void Scratch_FollowsTheCommandLine(string word, string lengths)
    {
        using var machine = new EmulatedMachine(new EmulatedMachineOptions { CommandLine = word });
        Assert.Equal(lengths, machine.Boot().ReadText(Kho + "/out/scratch_len"));
    }

    [Fact]
    public void Files_AreReadOnly_AndSeekable_AndAnswerAsFilesDo()
    {
        using var machine = new EmulatedMachine();
        EmulatedProcess kernel = machine.Boot();
        using var file = new Descriptor(kernel, kernel.Open(Kho + "//out/fdt", O_RDONLY));
        byte[] magic = new byte[4];
        Assert.Equal(4, kernel.Read(file, magic));
        Assert.Equal(4, kernel.LSeek(file, 0, SeekOrigin.Current));
        Assert.Equal(2, kernel.PRead(file, magic.AsSpan(0, 2), 231));
        Assert.Equal(1, kernel.PRead(file, magic, 232));
        Assert.Equal(0, kernel.PRead(file, magic, 233));
        Assert.Equal(EBADF, kernel.Write(file, magic));
        Assert.Equal(233, kernel.Status(file).Size);
        Assert.Equal(ENOTTY, kernel.Ioctl(file, CreateSessionNumber, NameStructure("x").AsSpan()));
        Assert.Equal(-20, kernel.ReadDirectory(Kho + "/out/fdt", out _));
        Assert.Equal(-21, kernel.Open(Kho + "/out", O_RDWR));
        using var folder = new Descriptor(kernel, kernel.Open(Kho + "/out/", O_RDONLY));
        Assert.Equal(-21, kernel.Read(folder, magic));
    }

    private static IEnumerable<string> Names(EmulatedProcess kernel, string path)
    {
        Assert.Equal(0, kernel.ReadDirectory(path, out string[] names));
        return names.Order(StringComparer.Ordinal);
    }
}

using System.Buffers.Binary;
using System.Text;
using LuoInterop.VmTesting;
using MiniVmm.Guests;
using Xunit;

namespace MiniVmm.Tests.Guests;

/// <summary>Proves that the initrd has the init that the sources make, and that it is compiled once.</summary>
public sealed class GuestInitrdTests : IDisposable
{
    private readonly string _cache = Directory.CreateTempSubdirectory("minivmm-initrd").FullName;

    public void Dispose() => Directory.Delete(_cache, recursive: true);

    [Fact]
    public void Create_CompilesTheInitOnce_AndMakesEqualBytes()
    {
        byte[] first = GuestInitrd.Create(_cache);
        string program = Assert.Single(Directory.GetFiles(_cache, "minivmm-init", SearchOption.AllDirectories));
        DateTime compiled = File.GetLastWriteTimeUtc(program);

        Assert.Equal(first, GuestInitrd.Create(_cache));

        Assert.Equal(compiled, File.GetLastWriteTimeUtc(program));
        byte[] init = File.ReadAllBytes(program);
        Assert.Equal(GuestInitrd.Archive(init), first);

        Assert.False(HasInterpreter(init));
        Assert.Contains("init.c", Directory.GetFiles(Path.GetDirectoryName(program)!).Select(Path.GetFileName));
    }

    /// <summary>Tells whether a 64-bit ELF program needs a loader: a program header of type PT_INTERP.</summary>
    private static bool HasInterpreter(byte[] program)
    {
        Assert.Equal([0x7f, .. "ELF"u8, 2], program[..5]);
        int headers = (int)BinaryPrimitives.ReadUInt64LittleEndian(program.AsSpan(0x20));
        int size = BinaryPrimitives.ReadUInt16LittleEndian(program.AsSpan(0x36));
        int count = BinaryPrimitives.ReadUInt16LittleEndian(program.AsSpan(0x38));
        Assert.InRange(count, 1, 100);
        return Enumerable.Range(0, count)
            .Any(i => BinaryPrimitives.ReadUInt32LittleEndian(program.AsSpan(headers + (i * size))) == 3);
    }

    [Fact]
    public void Archive_HasWhatTheKernelWants()
    {
        string archive = Encoding.Latin1.GetString(GuestInitrd.Archive("program"u8));
        Assert.All(["dev\0", "dev/console\0", "proc\0", "sys\0", "init\0", "program", "TRAILER!!!"],
            part => Assert.Contains(part, archive, StringComparison.Ordinal));
    }

    [Fact]
    public void Compile_OfAnError_ShowsIt()
    {
        Dictionary<string, byte[]> sources = new() { ["a.c"] = "int main(void) { return x; }"u8.ToArray() };
        VmSetupException error = Assert.Throws<VmSetupException>(() => StaticProgram.Compile("broken", sources, _cache));
        Assert.Contains("'x' undeclared", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_cache, "broken", SearchOption.AllDirectories));
    }

    [Fact]
    public void Compile_WithAnIncludedFile_DependsOnItsContent()
    {
        string one = Compile(1);
        Assert.Equal(one, Compile(1));
        Assert.NotEqual(one, Compile(2));

        string Compile(int value) => StaticProgram.Compile(
            "small", new Dictionary<string, byte[]>
            {
                ["value.h"] = Encoding.ASCII.GetBytes($"#define VALUE {value}\n"),
                ["main.c"] = "#include \"value.h\"\nint main(void) { return VALUE; }\n"u8.ToArray(),
            },
            _cache);
    }
}

using System.Globalization;
using System.Text;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.HugeTlb;

/// <summary>Makes machines of the preview and calls on their huge pages. Numbers are written out,
/// so that the tests do not share them.</summary>
internal static class Huge
{
    public const string Release = "7.3.4-rfc-hugetlb";
    public const string Live = "kho=on liveupdate=on ";
    public const long MiB = 1 << 20, GiB = 1 << 30, Middle = 2 * MiB;
    public const uint Huge2M = MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB | (21U << 26);
    public const uint Huge1G = MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB | (30U << 26);
    public const int Keep = 1, PunchHole = 3, Shared = 1, Private = 2, NoReserve = 0x4000, ReadWrite = 3;

    /// <summary>Makes a machine that boots the preview with a command line.</summary>
    public static EmulatedMachine Machine(string hugePages, long gigabytes = 8) => new(new EmulatedMachineOptions
    {
        Release = Release,
        CommandLine = Live + hugePages,
        MemorySize = (ulong)(gigabytes * GiB),
    });

    /// <summary>Jumps into the preview again.</summary>
    public static EmulatedProcess Jump(this EmulatedMachine machine, string hugePages, string release = Release)
    {
        EmulatedProcess kernel = machine.Kernel.StartProcess();
        Assert.Equal(0, kernel.Load(release, Live + hugePages));
        Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
        return machine.Boot();
    }

    /// <summary>Makes a memory file of huge pages of a size.</summary>
    public static Descriptor HugeMemfd(this Kernel kernel, uint flags, long size)
    {
        var file = new Descriptor(kernel, kernel.MemfdCreate("huge", flags));
        Assert.Equal(0, kernel.FTruncate(file, size));
        return file;
    }

    /// <summary>Counts a pool.</summary>
    public static HugePagePool Pool(this EmulatedProcess kernel, long pageSize) =>
        kernel.CountHugePages().Single(pool => pool.PageSize == pageSize);

    /// <summary>Gets total, free, reserved and surplus pages of a pool.</summary>
    public static (ulong Total, ulong Free, ulong Reserved, ulong Surplus) Counts(this EmulatedProcess kernel, long pageSize)
    {
        HugePagePool pool = kernel.Pool(pageSize);
        return (pool.Total, pool.Free, pool.Reserved, pool.Surplus);
    }

    /// <summary>Writes a file: the bytes written, or -errno.</summary>
    public static int Put(this Kernel kernel, string path, string text)
    {
        using var file = new Descriptor(kernel, kernel.Open(path, O_WRONLY));
        return (int)kernel.Write(file, Encoding.ASCII.GetBytes(text));
    }

    /// <summary>Reads a file's number.</summary>
    public static ulong Number(this Kernel kernel, string path) =>
        ulong.Parse(kernel.ReadText(path).TrimEnd('\n'), CultureInfo.InvariantCulture);

    /// <summary>Gets the path of a pool's file in sysfs.</summary>
    public static string SysFs(long pageSize, string name) => $"/sys/kernel/mm/hugepages/hugepages-{pageSize >> 10}kB/{name}";

    /// <summary>Maps a file for reading and writing: the address, or -errno.</summary>
    public static nint Map(this Kernel kernel, Descriptor file, long length, long offset = 0, int flags = Shared) =>
        kernel.MMap((nuint)length, ReadWrite, flags, file, offset);

    /// <summary>Takes a mapping away.</summary>
    public static void Unmap(this Kernel kernel, nint address, long length)
    {
        Assert.True(address > 0, $"mapped, not {address}");
        Assert.Equal(0, kernel.MUnmap(address, (nuint)length));
    }

    /// <summary>Writes bytes through a mapping, as programs do: hugetlbfs has no write(2).</summary>
    public static unsafe void Poke(this Kernel kernel, Descriptor file, long offset, long pageSize, params ReadOnlySpan<byte> bytes)
    {
        long start = offset / pageSize * pageSize;
        nint address = kernel.MMap((nuint)pageSize, ReadWrite, Shared, file, start);
        Assert.True(address > 0, $"mapped, not {address}");
        bytes.CopyTo(new Span<byte>((void*)(address + (nint)(offset - start)), bytes.Length));
        Assert.Equal(0, kernel.MUnmap(address, (nuint)pageSize));
    }
}

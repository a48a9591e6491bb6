using System.Globalization;
using LuoInterop.VmTesting;

namespace LuoInterop.VmBenchmarks;

/// <summary>Does what people do without live update: memory is written to a disk, and read back by the next kernel.</summary>
internal sealed unsafe class DiskWork(long bytes) : IWork
{
    public const string Word = "disk";
    private const string Disk = "/dev/vda";

    public long Bytes => bytes;

    public string Words => string.Create(CultureInfo.InvariantCulture, $"{Word}:{bytes}");

    public string Title => string.Create(CultureInfo.InvariantCulture, $"{bytes >> 20} MiB to a disk and back");

    public void Leave(Guest guest)
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "bench", bytes);
        using MemfdMapping mapping = file.Map(0, bytes);
        mapping.Populate();
        Twins.Took(Twins.twin_fill(mapping.Address, bytes), "filling");
        Samples.Send(guest, "save", Twins.Took(Twins.twin_save(Disk, mapping.Address, bytes), "writing " + Disk));
        guest.KexecFileLoad();
    }

    public void Arrive(Guest guest)
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "bench", bytes);
        using MemfdMapping mapping = file.Map(0, bytes);
        Samples.Send(guest, "load back", Twins.Took(Twins.twin_load(Disk, mapping.Address, bytes), "reading " + Disk));
        Twins.Took(Twins.twin_check(mapping.Address, bytes), "comparing what came back");
    }
}

using LuoInterop.Tests.Shared;
using LuoInterop.VmTesting;
using Tmds.Linux;
using Xunit;

namespace LuoInterop.Contract.Probes;

/// <summary>Probes of calls in a thread that gets signals without pause, and of what munmap(2) refuses.</summary>
public static class Interruptions
{
    private const string HugePagesSetting = "/proc/sys/vm/nr_hugepages";
    private const long HugePage = 2 << 20;
    private const int Rounds = 20;

    /// <summary>fallocate(2) of huge pages is EINTR at any signal, and has grown the file by then; the library goes on.</summary>
    public static void HugePages_AllocateUnderSignals_EINTR_AndTheLibraryGoesOn()
    {
        const long Size = 32 * HugePage;
        using var setting = new SystemSetting(HugePagesSetting, "40");
        using (var storm = new SignalStorm())
        {
            int interrupted = 0;
            for (int i = 0; i < Rounds; i++)
            {
                using Memfd raw = Memfd.Create(Kernel.Linux, "raw", 0, new MemfdOptions { HugePageSize = HugePage });
                if (Kernel.Linux.FAllocate(raw.Handle, 0, 0, Size) == -(int)Errno.EINTR)
                {
                    interrupted++;

                    // hugetlbfs_fallocate leaves its loop, and sets the size all the same.
                    Assert.Equal(Size, raw.Size);
                    Assert.True(raw.Status.Blocks < Size / 512);
                }
            }

            Assert.True(interrupted > 0, $"no call of {Rounds} was interrupted by {storm.Sent} signals");
        }

        using var more = new SignalStorm();
        Assert.True(Allocate(0, Size, HugePage) > 0, "no call was interrupted");
    }

    /// <summary>fallocate(2) of a memfd looks at fatal signals only since it was interrupted for ever: it is never EINTR.</summary>
    public static void Memfd_AllocateUnderSignals_IsNotInterrupted()
    {
        using var storm = new SignalStorm();
        Assert.Equal(0, Allocate(0, 256 << 20, 0));
    }

    /// <summary>MADV_POPULATE_WRITE looks at fatal signals only.</summary>
    public static void Mapping_PopulateUnderSignals_IsNotInterrupted()
    {
        var kernel = new InterruptionCounter(Kernel.Linux);
        using Memfd file = Memfd.Create(kernel, "populate", 256 << 20);
        using MemfdMapping mapping = file.Map();
        using var storm = new SignalStorm();
        mapping.Populate();
        Assert.Equal((256L << 11, 0), (file.Status.Blocks, kernel.Interruptions));
    }

    /// <summary>Whatever a program does before a kexec comes to its end, a thousand signals or more a call.</summary>
    public static void EveryCall_UnderSignals_DoesWhatItDoes()
    {
        using var storm = new SignalStorm();
        for (int i = 0; i < Rounds; i++)
        {
            using LiveUpdateDevice device = LiveUpdateDevice.Open(Kernel.Linux);
            LiveUpdateSession session = device.CreateSession($"storm-{i}");
            using Memfd file = Memfd.Create(Kernel.Linux, "storm", 4 << 20);
            file.Allocate(0, 2 << 20);
            file.Write(3 << 20, "storm"u8);
            using (Stream stream = file.OpenStream())
            {
                stream.Position = 3 << 20;
                byte[] bytes = new byte[5];
                stream.ReadExactly(bytes);
                Assert.Equal("storm"u8, bytes);
            }

            using (MemfdMapping mapping = file.Map())
            {
                mapping.Populate();
            }

            file.PunchHole(0, 1 << 20);
            file.SetSize(8 << 20);
            session.Preserve(file, 1);
            Assert.Equal(8L << 11, file.Status.Blocks);
            Assert.Contains($"storm-{i}", Name(session), StringComparison.Ordinal);
            session.Abort();
            file.AddSeals(MemfdSeals.Write | MemfdSeals.Seal);
            Assert.Equal(MemfdSeals.Write | MemfdSeals.Seal, file.Seals);
        }

        Assert.True(storm.Sent > Rounds, $"{storm.Sent} signals");
    }

    /// <summary>kexec_file_load(2) reads both files and copies them while signals come.</summary>
    public static void KexecFileLoad_UnderSignals_Loads(Kernel kernel, Guest guest)
    {
        using var storm = new SignalStorm();
        KexecImage.Load(kernel, guest.NextKernelImagePath, Guest.InitrdPath, guest.NextCommandLine);
        Assert.True(KexecImage.IsLoaded(kernel));
        KexecImage.Unload(kernel);
        Assert.False(KexecImage.IsLoaded(kernel));
    }

    /// <summary>munmap(2) does not cut a huge page: the length that mmap(2) took is no length for it.</summary>
    public static void HugePages_MappedInALengthThatIsNoMultiple_UnmapWholePagesOnly(Kernel kernel)
    {
        using var setting = new SystemSetting(HugePagesSetting, "8");
        using Memfd file = Memfd.Create(kernel, "uneven", 3 * HugePage, new MemfdOptions { HugePageSize = HugePage });
        Assert.Equal(HugePage, file.Status.BlockSize);
        const long Asked = 5 << 20;
        nint address = (nint)Refused.Not(kernel.MMap((nuint)Asked, LibC.PROT_READ, LibC.MAP_SHARED, file.Handle, 0));
        Refused.With(Errno.EINVAL, kernel.MUnmap(address, (nuint)Asked));
        Refused.With(Errno.EINVAL, kernel.MUnmap(address + 4096, (nuint)HugePage));
        Refused.With(Errno.EINVAL, kernel.MUnmap(address, 1));
        Assert.Equal(0, kernel.MUnmap(address + (nint)HugePage, (nuint)HugePage));
        Assert.Equal(0, kernel.MUnmap(address, (nuint)(3 * HugePage)));

        MemfdMapping mapping = file.Map(0, Asked);
        Assert.Equal((Asked, 1), (mapping.Length, Mappings("uneven")));
        mapping.GetSpan(0, 1)[0] = 1;
        Refused.With(Errno.EBUSY, () => file.AddSeals(MemfdSeals.Write));
        mapping.Dispose();
        Assert.Equal(0, Mappings("uneven"));
        file.AddSeals(MemfdSeals.Write);
    }

    /// <summary>munmap(2) of a part in the middle makes one mapping more,
    /// and is ENOMEM where the process has as many as it may have.</summary>
    /// <remarks>Mappings of a file that lie side by side in memory as in the file are one to the kernel (vma_merge in mm/vma.c).</remarks>
    public static void Mapping_BetweenOthersOfItsFile_ENOMEM_AtTheLimit(Kernel kernel)
    {
        const string Setting = "/proc/sys/vm/max_map_count";
        using Memfd file = Memfd.Create(kernel, "between", 7 * 4096);
        nint address = (nint)Refused.Not(kernel.MMap(7 * 4096, LibC.PROT_READ, LibC.MAP_SHARED, file.Handle, 0));
        int refused = 0;
        foreach (string limit in (string[])[File.ReadAllText(Setting), "10"])
        {
            // At first with the limit as it is, so that nothing is compiled, and mapped for it, under the low one.
            using var setting = new SystemSetting(Setting, limit);
            refused = kernel.MUnmap(address + (limit == "10" ? 5 : 1) * 4096, 4096);
        }

        Refused.With(Errno.ENOMEM, refused);
        Assert.Equal(2, Mappings("between"));
        Assert.Equal(0, kernel.MUnmap(address, 7 * 4096));
        Assert.Equal(0, Mappings("between"));
    }

    private static int Mappings(string name) =>
        File.ReadLines("/proc/self/maps").Count(line => line.Contains($"/memfd:{name} ", StringComparison.Ordinal));

    // Allocates a memfd's range, and counts the interruptions.
    private static int Allocate(long offset, long size, long hugePage)
    {
        var kernel = new InterruptionCounter(Kernel.Linux);
        using Memfd file = Memfd.Create(kernel, "storm", 0, new MemfdOptions { HugePageSize = hugePage });
        file.Allocate(offset, size);
        Assert.Equal((size, size / 512), (file.Size, file.Status.Blocks));
        Assert.Equal(size, kernel.Allocated);
        return kernel.Interruptions;
    }

    private static string Name(LiveUpdateSession session)
    {
        Refused.Not(Kernel.Linux.ReadLink(session.Handle, out string text));
        return text;
    }
}

using System.Buffers.Binary;
using LuoInterop.Emulation.Kho;
using Xunit.Abstractions;
using static LuoInterop.Emulation.Tests.HugeTlb.Huge;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.HugeTlb;

/// <summary>Damages what a kernel with huge pages left, at random: the next one gives named errors or panics, and stays sound.</summary>
public sealed class DamagedHandoverTests(ITestOutputHelper output)
{
    private const int Rounds = 100;
    private const long MostAllocated = 64L << 20;

    /// <summary>Gets seeds that always run, and a fresh one, which the test's name shows.</summary>
    public static TheoryData<int, string> Seeds => new()
    {
        { 1, "count" }, { 2, "pool" }, { 3, "none" }, { Random.Shared.Next(), "count" }, { Random.Shared.Next(), "pool" },
    };

    [Theory]
    [MemberData(nameof(Seeds))]
    public void DamagedRecords_EndInNamedErrorsOrPanics(int seed, string fix)
    {
        var outcomes = new SortedDictionary<string, int>(StringComparer.Ordinal);
        string[] descriptors = OpenDescriptors();
        for (int round = 0; round < Rounds; round++)
        {
            var random = new Random(unchecked(seed + (round * 0x61c88647)));
            try
            {
                string outcome = DamageOne(random, $"hugepages=12 hugetlb_luo={fix}");
                outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                Assert.Fail($"Seed {seed}, round {round}: {error}");
            }
        }

        Assert.Equal(descriptors, OpenDescriptors());
        foreach ((string outcome, int count) in outcomes)
        {
            output.WriteLine($"{count,6} {outcome}");
        }

        Assert.InRange(outcomes.Count, 4, 100);
    }

    private static string DamageOne(Random random, string words)
    {
        using var machine = new EmulatedMachine(new EmulatedMachineOptions
        {
            Release = Release,
            CommandLine = Live + words,
            MemorySize = 256UL << 20,
        });
        EmulatedProcess first = machine.Boot();
        Descriptor session = first.Create(first.OpenDevice(), "vm");
        List<Descriptor> files = [first.HugeMemfd(Huge2M, 3 * Middle), first.HugeMemfd(Huge2M, Middle), first.HugeMemfd(Huge2M, 0)];
        first.Poke(files[0], Middle, Middle, 5);
        for (int i = 0; i < files.Count; i++)
        {
            Assert.Equal(0, first.Preserve(session, files[i].Fd, (ulong)i));
        }

        Assert.Equal(0, first.Load(Release, Live + words));
        Assert.Throws<EmulatedKexecException>(() => first.Reboot(KexecCommand));
        files.ForEach(static file => file.Dispose());
        Damage(random, machine.Memory);
        long before = GC.GetAllocatedBytesForCurrentThread();
        string outcome = Use(machine, words);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostAllocated);
        return outcome;
    }

    private static string[] OpenDescriptors() =>
    [
        .. Directory.GetFiles("/proc/self/fd").Select(static path => new FileInfo(path).LinkTarget)
            .OfType<string>()
            .Where(static target => target.StartsWith("/memfd:huge", StringComparison.Ordinal) || target == "/memfd: (deleted)")
            .Order(StringComparer.Ordinal),
    ];

    // Words of the pages in use: records, arrays and counts; sometimes of KHO's own tables.
    private static void Damage(Random random, PhysicalMemory memory)
    {
        ulong[] pages = [.. memory.PopulatedPages()];
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            Span<byte> page = memory.Page(pages[random.Next(pages.Length)]);
            int offset = random.Next(4) == 0 ? random.Next(4089) : random.Next(20) * 4;
            Span<byte> word = page.Slice(offset, 8);
            ulong value = BinaryPrimitives.ReadUInt64LittleEndian(word);
            BinaryPrimitives.WriteUInt64LittleEndian(word, random.Next(6) switch
            {
                0 => 0,
                1 => value + 1,
                2 => value ^ (1UL << random.Next(64)),
                3 => pages[random.Next(pages.Length)] << (random.Next(2) * 12),
                4 => (ulong)random.NextInt64(),
                _ => ulong.MaxValue,
            });
        }
    }

    private static string Use(EmulatedMachine machine, string words)
    {
        EmulatedProcess kernel;
        try
        {
            kernel = machine.Boot();
        }
        catch (EmulatedKernelPanicException panic)
        {
            Assert.NotEmpty(panic.Message);
            return "panic at boot";
        }

        try
        {
            string outcome = Retrieve(kernel);
            UseUp(kernel);
            machine.Jump(words).CountHugePages();
            return outcome;
        }
        catch (EmulatedKernelPanicException panic)
        {
            Assert.NotEmpty(panic.Message);
            return "panic in a call";
        }
    }

    private static string Retrieve(EmulatedProcess kernel)
    {
        int fd = kernel.Open("/dev/liveupdate", O_RDWR);
        if (fd < 0)
        {
            Assert.Contains(fd, (int[])[EIO, ENOENT]);
            return $"device {fd}";
        }

        using var device = new Descriptor(kernel, fd);
        if (kernel.TryRetrieveSession(device, "vm", out int retrieved) != 0)
        {
            return "no session";
        }

        using var session = new Descriptor(kernel, retrieved);
        string outcome = "";
        for (ulong token = 0; token < 3; token++)
        {
            int error = kernel.TryRetrieve(session, token, out int file);
            outcome += $" {error}";
            Assert.Contains(error, (int[])[0, ENOENT, EINVAL, ENOMEM, ENODEV, EEXIST, ENOSPC, EIO, EFBIG]);
            if (error == 0)
            {
                using var huge = new Descriptor(kernel, file);
                FileStatus status = kernel.Status(huge);
                Assert.InRange(kernel.PRead(huge, new byte[Math.Clamp(status.Size, 0, 4 * Middle)], 0), EIO, 4 * Middle);
            }
        }

        Assert.Equal(0, kernel.Finish(session));
        return "retrieved" + outcome;
    }

    // Every free page can be had, and given back.
    private static void UseUp(EmulatedProcess kernel)
    {
        HugePagePool pool = kernel.Pool(Middle);
        Assert.InRange(pool.Free, 0UL, pool.Total);
        using (Descriptor all = kernel.HugeMemfd(Huge2M, (long)pool.Free * Middle))
        {
            Assert.True(pool.Free == 0 || kernel.FAllocate(all, 0, 0, (long)pool.Free * Middle) == 0);
            Assert.Equal(0UL, kernel.Pool(Middle).Free);
        }

        Assert.Equal(pool.Free, kernel.Pool(Middle).Free);
        Assert.True(kernel.Put(SysFs(Middle, "nr_hugepages"), "0") > 0);
        Assert.Equal(0UL, kernel.Pool(Middle).Free);
    }
}

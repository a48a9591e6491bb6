using System.Runtime.InteropServices;
using LuoInterop.Kho;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests;

/// <summary>Proves what the emulation allocates, and that it gives everything back. What it costs in time is in bench/.</summary>
public class CostTests
{
    // What one preserved file is inside the emulated kernel: its record, its reference, its run of folios, its inode, and
    // its share of the tables as they grow.
    private const long StateOfAFile = 544;

    [Fact]
    public void PreserveAndRetrieve_AllocateTheirStateOnly()
    {
        const int Files = 600;
        using var machine = new EmulatedMachine();
        long preserved = 0;
        EmulatedProcess kernel = machine.Boot();
        for (int round = 0; round < 2; round++)
        {
            Descriptor device = kernel.OpenDevice();
            using Descriptor session = kernel.Create(device, "s");
            var files = Enumerable.Range(0, Files).Select(_ => kernel.Memfd(size: 4096)).ToArray();
            byte[] structure = FdStructure(0, 0);
            preserved = Measure(Files, i =>
            {
                MemoryMarshal.Write(structure.AsSpan(4), files[i].Fd);
                MemoryMarshal.Write(structure.AsSpan(8), (ulong)i);
                return kernel.Ioctl(session, PreserveFdNumber, structure.AsSpan());
            });
            long retrieved = round == 0 ? 0 : RetrieveAll(machine, Files);
            Assert.InRange(retrieved, 0, Files * StateOfAFile);
            device.Dispose();
            foreach (Descriptor file in files)
            {
                file.Dispose();
            }
        }

        Assert.InRange(preserved, 0, Files * StateOfAFile);
    }

    [Fact]
    public void RefusedCalls_AndRepeatedOnes_AllocateNothing()
    {
        using var machine = new EmulatedMachine();
        EmulatedProcess first = machine.Boot();
        using Descriptor device = first.OpenDevice();
        using Descriptor session = first.Create(device, "s");
        using Descriptor memory = first.Memfd(size: 4096);
        Assert.Equal(0, first.Preserve(session, memory.Fd, 1));
        byte[] preserve = FdStructure(memory.Fd, 2);
        byte[] token = FdStructure(memory.Fd, 1);
        byte[] name = NameStructure("");
        Assert.Equal(0, Measure(100, _ => first.Ioctl(session, PreserveFdNumber, preserve.AsSpan()) == EBUSY ? 0 : -1));
        Assert.Equal(0, Measure(100, _ => first.Ioctl(session, PreserveFdNumber, token.AsSpan()) == EEXIST ? 0 : -1));
        Assert.Equal(0, Measure(100, _ => first.Ioctl(session, GetNameNumber, name.AsSpan())));

        EmulatedProcess next = machine.Kexec();
        using Descriptor retrieved = next.RetrieveSession(next.OpenDevice(), "s");
        Descriptor file = next.Retrieve(retrieved, 1);
        byte[] retrieve = FdStructure(0, 1);
        Assert.Equal(0, Measure(100, _ =>
        {
            int result = next.Ioctl(retrieved, RetrieveFdNumber, retrieve.AsSpan());
            return result == 0 ? next.Close(retrieve.Fd()) : result;
        }));
        file.Dispose();
    }

    [Fact]
    public void ManySessions_GoOver()
    {
        using var machine = new EmulatedMachine();
        EmulatedProcess kernel = machine.Boot();
        using Descriptor device = kernel.OpenDevice();
        for (int i = 0; i < 20_000; i++)
        {
            Assert.Equal(0, kernel.TryCreate(device, $"session {i}", out _));
        }

        EmulatedProcess next = machine.Kexec();
        using Descriptor nextDevice = next.OpenDevice();
        using Descriptor last = next.RetrieveSession(nextDevice, "session 19999");
    }

    [Fact]
    public void Descriptors_AndMemory_AreGivenBack()
    {
        Round();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        int before = Directory.GetFiles("/proc/self/fd").Length;
        for (int i = 0; i < 5; i++)
        {
            Round();
        }

        Assert.Equal(before, Directory.GetFiles("/proc/self/fd").Length);

        static void Round()
        {
            using var machine = new EmulatedMachine();
            EmulatedProcess kernel = machine.Boot();
            Descriptor device = kernel.OpenDevice();
            Descriptor dropped = kernel.Create(device, "dropped");
            Descriptor carried = kernel.Create(device, "carried");
            for (ulong i = 0; i < 10; i++)
            {
                using Descriptor a = kernel.Memfd(size: 10_000);
                using Descriptor b = kernel.MemfdWith(new byte[9000]);
                Assert.Equal(0, kernel.Preserve(dropped, a.Fd, i));
                Assert.Equal(0, kernel.Preserve(carried, b.Fd, i));
            }

            dropped.Dispose();
            device.Dispose();
            EmulatedProcess next = machine.Kexec();
            carried.Dispose();
            using Descriptor nextDevice = next.OpenDevice();
            Descriptor session = next.RetrieveSession(nextDevice, "carried");
            for (ulong i = 0; i < 5; i++)
            {
                using Descriptor file = next.Retrieve(session, i);
            }

            // One round leaves its session to the machine's end, with files in all states.
            session.Dispose();
            Assert.Empty(next.Running.Handover.Memory.Folios);
            Descriptor outgoing = next.Create(nextDevice, "left");
            using Descriptor left = next.Memfd(size: 5000);
            Assert.Equal(0, next.Preserve(outgoing, left.Fd, 1));
        }
    }

    [Fact]
    public void PagesOfDroppedPreserves_AreReused()
    {
        using var machine = new EmulatedMachine();
        EmulatedProcess kernel = machine.Boot();
        using Descriptor device = kernel.OpenDevice();
        using Descriptor memory = kernel.Memfd(size: 8 << 20);
        int pages = -1;
        for (int i = 0; i < 20; i++)
        {
            using (Descriptor session = kernel.Create(device, "s"))
            {
                Assert.Equal(0, kernel.Preserve(session, memory.Fd, 1));
            }

            int now = kernel.Running.Handover.Memory.PopulatedPages().Count();
            Assert.True(pages < 0 || now == pages, $"{now} pages after {pages}");
            pages = now;
        }
    }

    private static long RetrieveAll(EmulatedMachine machine, int files)
    {
        EmulatedProcess next = machine.Kexec();
        using Descriptor session = next.RetrieveSession(next.OpenDevice(), "s");
        byte[] structure = FdStructure(0, 0);
        var descriptors = new int[files];
        long allocated = Measure(files, i =>
        {
            MemoryMarshal.Write(structure.AsSpan(8), (ulong)i);
            int result = next.Ioctl(session, RetrieveFdNumber, structure.AsSpan());
            descriptors[i] = structure.Fd();
            return result;
        });
        foreach (int fd in descriptors)
        {
            Assert.Equal(0, next.Close(fd));
        }

        return allocated;
    }

    private static long Measure(int count, Func<int, int> call)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        int failed = 0;
        for (int i = 0; i < count; i++)
        {
            failed += call(i) == 0 ? 0 : 1;
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(0, failed);
        return allocated;
    }
}

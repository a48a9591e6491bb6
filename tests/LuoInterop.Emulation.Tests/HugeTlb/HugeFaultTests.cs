using LuoInterop.Emulation.Boot;
using static LuoInterop.Emulation.Tests.HugeTlb.Huge;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.HugeTlb;

/// <summary>Fails every allocation and handler call of a life with huge pages: named errors,
/// and nothing is leaked but on purpose.</summary>
public sealed class HugeFaultTests
{
    [Theory]
    [InlineData("count")]
    [InlineData("pool")]
    [InlineData("none")]
    public void EveryAllocationOfPreserve_Fails_AndAllIsUndone(string fix)
    {
        int fired = 0;
        for (int nth = 1; nth < 100; nth++)
        {
            using EmulatedMachine machine = Machine($"hugepages=6 hugetlb_luo={fix}", 1);
            EmulatedProcess kernel = machine.Boot();
            Descriptor session = kernel.Create(kernel.OpenDevice(), "vm");
            Descriptor file = kernel.HugeMemfd(Huge2M, 3 * Middle);
            Assert.Equal(0, kernel.FAllocate(file, 0, 0, 3 * Middle));
            var before = KernelFootprint.Of(kernel.Running);
            InjectedFault fault = machine.Faults.FailAllocation(nth: nth);
            int error = kernel.Preserve(session, file.Fd, 1);
            if (!fault.HasFired)
            {
                Assert.Equal(0, error);
                Assert.InRange(fired, 5, 100);
                return;
            }

            fired++;
            Assert.Equal(ENOMEM, error);
            Assert.Equal(before, KernelFootprint.Of(kernel.Running));
            Assert.Equal((6UL, 3UL, 0UL, 0UL), kernel.Counts(Middle));
            Assert.Equal(2, kernel.Put(SysFs(Middle, "nr_hugepages"), "7\n"));
            Assert.Equal(0, kernel.Preserve(session, file.Fd, 1));
            session.Dispose();
            Assert.Equal((7UL, 4UL, 0UL, 0UL), kernel.Counts(Middle));
        }

        Assert.Fail("the sweep did not come to its end");
    }

    [Theory]
    [InlineData("count")]
    [InlineData("pool")]
    public void EveryAllocationOfABoot_Fails_ByNameOrAPanicOfLuo(string fix)
    {
        string words = $"hugepages=6 hugetlb_luo={fix}";
        for (int nth = 1; nth < 200; nth++)
        {
            using EmulatedMachine machine = Machine(words, 1);
            EmulatedProcess kernel = machine.Boot();
            Descriptor session = kernel.Create(kernel.OpenDevice(), "vm");
            Assert.Equal(0, kernel.Preserve(session, kernel.HugeMemfd(Huge2M, 2 * Middle).Fd, 1));
            Assert.Equal(0, kernel.Load(Release, Live + words));
            Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
            InjectedFault fault = machine.Faults.FailAllocation(nth: nth);
            EmulatedProcess next;
            try
            {
                next = machine.Boot();
            }
            catch (EmulatedKernelPanicException panic)
            {
                // LUO cannot list what came in: Linux does not go on without.
                Assert.Contains("[-12]", panic.Message, StringComparison.Ordinal);
                continue;
            }

            bool fired = fault.HasFired;
            machine.Faults.Clear();
            int fd = next.Open("/dev/liveupdate", O_RDWR);
            int retrieved = -1;
            if (fd >= 0)
            {
                using var device = new Descriptor(next, fd);
                Assert.Equal(0, next.TryRetrieveSession(device, "vm", out int number));
                using var again = new Descriptor(next, number);
                retrieved = next.TryRetrieve(again, 1, out int file);
                if (retrieved == 0)
                {
                    new Descriptor(next, file).Dispose();
                }
            }

            HugePagePool pool = next.Pool(Middle);
            Assert.InRange(pool.Total, 0UL, 6UL);
            if (!fired)
            {
                Assert.Equal((0, 6UL), (retrieved, pool.Total));
                return;
            }
        }

        Assert.Fail("the sweep did not come to its end");
    }

    [Fact]
    public void AHandlersError_IsUndone_OrKeptForEver()
    {
        const string Words = "hugepages=6";
        using EmulatedMachine machine = Machine(Words, 1);
        EmulatedProcess kernel = machine.Boot();
        Descriptor session = kernel.Create(kernel.OpenDevice(), "vm");
        Descriptor file = kernel.HugeMemfd(Huge2M, 2 * Middle);
        machine.Faults.FailHandler(FileOperation.Preserve, Errno.EIO);
        Assert.Equal(EIO, kernel.Preserve(session, file.Fd, 1));
        Assert.Equal(0, kernel.Preserve(session, file.Fd, 1));
        machine.Faults.FailHandler(FileOperation.Freeze, Errno.EBUSY);
        Assert.Equal(0, kernel.Load(Release, Live + Words));
        Assert.Equal(EBUSY, kernel.Reboot(KexecCommand));
        Assert.Equal(EPERM, kernel.FTruncate(file, 0));
        Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
        machine.Faults.FailHandler(FileOperation.Retrieve, Errno.ENOMEM);
        EmulatedProcess next = machine.Boot();
        using Descriptor retrieved = next.RetrieveSession(next.OpenDevice(), "vm");
        Assert.Equal(ENOMEM, next.TryRetrieve(retrieved, 1, out _));
        Assert.Equal(ENOMEM, next.TryRetrieve(retrieved, 1, out _));
        Assert.Equal((4UL, 4UL, 0UL, 0UL), next.Counts(Middle));
    }

    [Fact]
    public void TheExampleOfThePage_Runs()
    {
        const string Words = "kho=on liveupdate=on default_hugepagesz=1G hugepages=6";
        string image = Path.GetTempFileName();
        try
        {
            EmulatedKernelImage.Write(image, Release);

            using var machine =
                new EmulatedMachine(new EmulatedMachineOptions { Release = Release, CommandLine = Words, MemorySize = 8UL << 30 });
            Assert.Equal(1, machine.Run(kernel =>
            {
                using LiveUpdateDevice device = LiveUpdateDevice.Open(kernel);
                if (device.TryRetrieveSession("vm", out LiveUpdateSession? session))
                {
                    using LuoInterop.Memfd back = session.RetrieveMemfd(1);
                    byte[] bytes = new byte[1];
                    Assert.Equal(1, back.Read(42, bytes));
                    session.Finish();
                    return bytes[0];
                }

                session = device.CreateSession("vm");
                using var memory = LuoInterop.Memfd.Create(kernel, "guest", 5L << 30, new MemfdOptions { HugePageSize = 1L << 30 });
                using (MemfdMapping mapping = memory.Map())
                {
                    mapping.GetSpan(42, 1)[0] = 1;
                }

                session.Preserve(memory, 1);
                KexecImage next = KexecImage.Load(kernel, image, null, Words);
                session.HoldUntilKexec();
                next.Reboot();
                return 2;
            }));
        }
        finally
        {
            File.Delete(image);
        }
    }
}

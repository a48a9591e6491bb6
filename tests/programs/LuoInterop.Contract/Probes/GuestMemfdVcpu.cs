using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using LuoInterop.Interop;
using LuoInterop.Kvm;
using LuoInterop.Kvm.Interop;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace LuoInterop.Contract.Probes;

/// <summary>Probes of a vCPU in real mode whose memory is a guest_memfd.</summary>
public static class GuestMemfdVcpu
{
    internal const string ChildWord = "kvm-child";

    private const int Page = ProbeVm.Page;
    private const int Port = 0x10;

    /// <summary>The page that the guest of most probes touches: segment 0x2000, in which nothing is unless a probe adds it.</summary>
    private const ulong Touched = 0x20000;

    /// <summary>mov ax, 0x2000; mov ds, ax; mov al, [0]; out 0x10, al; mov [1], al; out 0x10, al; hlt.</summary>
    private static readonly byte[] Touch = [0xB8, 0x00, 0x20, 0x8E, 0xD8, 0xA0, 0x00, 0x00, 0xE6, Port, 0xA2, 0x01, 0x00, 0xE6, Port, 0xF4];

    /// <summary>mov al, [0x3000]; out 0x10, al; and again.</summary>
    private static readonly byte[] ReadForEver = [0xA0, 0x00, 0x30, 0xE6, Port, 0xEB, 0xF9];

    public static void Vcpu_WritesIntoTheFile_SeenThroughTheHostsMapping(Kernel kernel)
    {
        // mov byte [0x2000], 0x5A; mov al, 0x41; out 0x10, al; hlt.
        using var probe = new ProbeVm(kernel);
        KvmVcpu vcpu = probe.Boot(0xC6, 0x06, 0x00, 0x20, 0x5A, 0xB0, 0x41, 0xE6, Port, 0xF4);
        Assert.Equal(KvmExitReason.Port, Run(vcpu));
        Assert.Equal(new KvmPortAccess(IsWrite: true, 1, Port, 1), vcpu.PortAccess);
        Assert.Equal([0x41], vcpu.PortData.ToArray());
        Assert.Equal(0x5A, probe.BootMapping.GetSpan(0x2000, 1)[0]);
        Assert.Throws<InvalidOperationException>(() => vcpu.MemoryFault);
        Assert.Equal(KvmExitReason.Halt, Run(vcpu));
        Assert.Equal((0x41UL, 0x100AUL), (vcpu.Registers.Rax & 0xFF, vcpu.Registers.Rip));
    }

    public static void Vcpu_ReadsWhatTheHostAnswersAtAPort(Kernel kernel)
    {
        // in al, 0x10; mov [0x2000], al; hlt.
        using var probe = new ProbeVm(kernel);
        KvmVcpu vcpu = probe.Boot(0xE4, Port, 0xA2, 0x00, 0x20, 0xF4);
        Assert.Equal(KvmExitReason.Port, Run(vcpu));
        Assert.Equal(new KvmPortAccess(IsWrite: false, 1, Port, 1), vcpu.PortAccess);
        vcpu.PortData[0] = 0x99;
        Assert.Equal(KvmExitReason.Halt, Run(vcpu));
        Assert.Equal(0x99, probe.BootMapping.GetSpan(0x2000, 1)[0]);
    }

    public static void Vcpu_SeesHolesAsZeroes_AndTheHostsWrites(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        KvmVcpu vcpu = probe.Boot(ReadForEver);
        Assert.Equal(0, ReadOne(vcpu));
        probe.BootMapping.GetSpan(0x3000, 1)[0] = 9;
        Assert.Equal(9, ReadOne(vcpu));
        probe.BootMemory.PunchHole(0x3000, Page);
        Assert.Equal(0, ReadOne(vcpu));
        probe.BootMapping.GetSpan(0x3000, 1)[0] = 5;
        Assert.Equal(5, ReadOne(vcpu));
    }

    public static void Vcpu_WithoutARegion_ExitsForMmio(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        KvmVcpu vcpu = probe.Boot(Touch);
        Assert.Equal(KvmExitReason.Mmio, Run(vcpu));
        Assert.Equal(new KvmMmioAccess(Touched, 1, IsWrite: false), vcpu.MmioAccess);
        vcpu.MmioData[0] = 0x33;
        Assert.Equal(0x33, ReadOne(vcpu));
        Assert.Equal(KvmExitReason.Mmio, Run(vcpu));
        Assert.Equal(new KvmMmioAccess(Touched + 1, 1, IsWrite: true), vcpu.MmioAccess);
        Assert.Equal([0x33], vcpu.MmioData.ToArray());
    }

    public static void Vcpu_OnAClosedFile_MemoryFault_EFAULT_UntilTheRegionIsBoundAnew(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        KvmVcpu vcpu = probe.Boot(Touch);
        GuestMemfd closed = probe.Memory();
        probe.Bind(1, Touched, closed, 0, 16 * Page);
        closed.Dispose();
        for (int i = 0; i < 2; i++)
        {
            Assert.Equal(KvmExitReason.MemoryFault, Run(vcpu));
            Assert.Equal(new KvmMemoryFault(Errno.EFAULT, Touched, Page, IsPrivate: false, 0), vcpu.MemoryFault);
        }

        probe.Vm.RemoveMemory(1);
        probe.Bind(1, Touched, Filled(probe, 0x77), 0, 16 * Page);
        Assert.Equal(0x77, ReadOne(vcpu));
    }

    public static void Vcpu_OnAClosedFileThatIsStillMapped_HasItsMemory(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        KvmVcpu vcpu = probe.Boot(Touch);
        GuestMemfd memory = Filled(probe, 0x12);
        using MemfdMapping mapping = memory.Map();
        probe.Bind(1, Touched, memory, 0, 16 * Page);
        memory.Dispose();
        Assert.Equal(0x12, ReadOne(vcpu));
    }

    public static void Vcpu_OnAFileWithoutTheMapFlag_UsesTheUserMemory(Kernel kernel)
    {
        foreach (GuestMemfdOptions options in (GuestMemfdOptions[])[GuestMemfdOptions.None, GuestMemfdOptions.InitShared])
        {
            using var probe = new ProbeVm(kernel);
            KvmVcpu vcpu = probe.Boot(Touch);
            using Memfd memfd = Memfd.Create(kernel, "user memory", 16 * Page);
            using MemfdMapping mapping = memfd.Map();
            mapping.GetSpan(0, 1)[0] = 0x66;
            probe.Bind(1, Touched, probe.Memory(16 * Page, options), 0, 16 * Page, Address(mapping));
            Assert.Equal(0x66, ReadOne(vcpu));
            Assert.Equal(0x66, ReadOne(vcpu));
            Assert.Equal(0x66, mapping.GetSpan(1, 1)[0]);
        }
    }

    public static void Vcpu_OnAFileWithTheMapFlag_NeverUsesTheUserMemory(Kernel kernel)
    {
        foreach (GuestMemfdOptions options in (GuestMemfdOptions[])[
            GuestMemfdOptions.Map, GuestMemfdOptions.Map | GuestMemfdOptions.InitShared])
        {
            using var probe = new ProbeVm(kernel);
            KvmVcpu vcpu = probe.Boot(Touch);
            using Memfd memfd = Memfd.Create(kernel, "user memory", 16 * Page);
            using MemfdMapping mapping = memfd.Map();
            mapping.GetSpan(0, 2).Fill(0x66);
            probe.Bind(1, Touched, probe.Memory(16 * Page, options), 0, 16 * Page, Address(mapping));
            Assert.Equal(0, ReadOne(vcpu));
            Assert.Equal(0, ReadOne(vcpu));
            Assert.Equal([0x66, 0x66], mapping.GetSpan(0, 2).ToArray());
        }
    }

    public static void Vcpu_StringInstruction_IsReadByKvmThroughTheUserAddress(Kernel kernel)
    {
        // mov ax, 0x2000; mov ds, ax; mov dx, 0x10; outsb; hlt.
        foreach (bool mapped in (bool[])[true, false])
        {
            using var probe = new ProbeVm(kernel);
            KvmVcpu vcpu = probe.Boot(0xB8, 0x00, 0x20, 0x8E, 0xD8, 0xBA, Port, 0x00, 0x6E, 0xF4);
            GuestMemfd memory = Filled(probe, 0x21);
            using MemfdMapping mapping = memory.Map();
            probe.Bind(1, Touched, memory, 0, 16 * Page, mapped ? Address(mapping) : 0);
            if (mapped)
            {
                Assert.Equal(0x21, ReadOne(vcpu));
            }
            else
            {
                Assert.Equal(KvmExitReason.Mmio, Run(vcpu));
                Assert.Equal(new KvmMmioAccess(Touched, 1, IsWrite: false), vcpu.MmioAccess);
            }
        }
    }

    public static void Vcpu_OnAFileWithoutTheMapFlag_WithoutUserMemory_EFAULT_AndNoMemoryFault(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        KvmVcpu vcpu = probe.Boot(Touch);
        probe.Bind(1, Touched, probe.Memory(16 * Page, GuestMemfdOptions.None), 0, 16 * Page);
        Refused.With(Errno.EFAULT, () => Run(vcpu));
        Assert.Equal(KvmExitReason.Unknown, vcpu.ExitReason);
    }

    public static void Vcpu_AfterATripleFault_Shutdown(Kernel kernel)
    {
        // lidt [0x3000]; int3.
        using var probe = new ProbeVm(kernel);
        KvmVcpu vcpu = probe.Boot(0x0F, 0x01, 0x1E, 0x00, 0x30, 0xCC);
        Assert.Equal(KvmExitReason.Shutdown, Run(vcpu));
    }

    public static void Vcpu_AtCodeWithoutMemory_InternalError(Kernel kernel)
    {
        // jmp 0x2000:0.
        using var probe = new ProbeVm(kernel);
        KvmVcpu vcpu = probe.Boot(0xEA, 0x00, 0x00, 0x00, 0x20);
        Assert.Equal(KvmExitReason.InternalError, Run(vcpu));
        Assert.Equal(1u, vcpu.InternalError);
    }

    public static void Vcpu_OutlivesTheDescriptorsOfItsVmAndFile(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        KvmVcpu vcpu = probe.Boot(ReadForEver);
        probe.Device.Dispose();
        probe.Vm.Dispose();
        probe.BootMemory.Dispose();
        probe.BootMapping.GetSpan(0x3000, 1)[0] = 0x17;
        Assert.Equal(0x17, ReadOne(vcpu));
    }

    /// <summary>What a guest reads while the host writes and punches is what was written, or a hole's zero.</summary>
    public static void Vcpus_OnTheirThreads_SeeWritesAndHolesOnly(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        KvmVcpu first = probe.Boot(ReadForEver);
        KvmVcpu second = probe.Own(probe.Vm.CreateVcpu(1));
        second.StartInRealMode(0, 0x1000);
        const byte Wrong = 1;
        var seen = new byte[2][];
        using var started = new CountdownEvent(2);
        Thread[] threads = [.. new[] { first, second }.Select((vcpu, i) => new Thread(() =>
        {
            started.Signal();
            seen[i] = [.. Enumerable.Range(0, 500).Select(_ => Run(vcpu) == KvmExitReason.Port ? vcpu.PortData[0] : Wrong)];
        }))];
        Array.ForEach(threads, static thread => thread.Start());
        started.Wait();
        do
        {
            probe.BootMapping.GetSpan(0x3000, 1)[0] = 0xAB;
            probe.BootMemory.PunchHole(0x3000, Page);
        }
        while (threads.Any(static thread => thread.IsAlive));

        Assert.All(seen.SelectMany(static bytes => bytes), static value => Assert.True(value is 0 or 0xAB, $"{value}"));
        Assert.Equal((0, 0), (ReadOne(first), ReadOne(second)));
    }

    /// <summary>The mapping of a region that only the VM knows is not unmapped under KVM.</summary>
    public static void Vcpu_KeepsTheMappingsOfItsRegions(Kernel kernel)
    {
        // mov dx, 0x10; mov si, 0x3000; outsb; jmp back.
        using var probe = new ProbeVm(kernel);
        KvmVcpu vcpu = probe.Own(probe.Vm.CreateVcpu());
        AddLostMapping(probe, [0xBA, Port, 0x00, 0xBE, 0x00, 0x30, 0x6E, 0xEB, 0xF7]);
        vcpu.StartInRealMode(0, 0x1000);
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Assert.Equal(0x42, ReadOne(vcpu));
        }
    }

    public static void Vcpu_NumberTwice_EEXIST_TooLarge_EINVAL(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        probe.Own(probe.Vm.CreateVcpu(1));
        Refused.With(Errno.EEXIST, () => probe.Vm.CreateVcpu(1));
        Refused.With(Errno.EINVAL, () => probe.Vm.CreateVcpu(uint.MaxValue));
    }

    public static void Vcpu_RunsAndDecodesWithoutAllocating(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        KvmVcpu vcpu = probe.Boot(ReadForEver);
        ReadOne(vcpu);
        long before = GC.GetAllocatedBytesForCurrentThread();
        int ports = 0;
        for (int i = 0; i < 100; i++)
        {
            ports += Run(vcpu) == KvmExitReason.Port && vcpu.PortAccess.Port == Port && vcpu.PortData[0] == 0 ? 1 : 0;
        }

        Assert.Equal((100, 0L), (ports, GC.GetAllocatedBytesForCurrentThread() - before));
    }

    /// <summary>A VM belongs to the process that created it; its guest_memfd does not.</summary>
    public static void Vm_InAnotherProcess_EIO_AndItsFileWorks(Kernel kernel)
    {
        using var probe = new ProbeVm(kernel);
        GuestMemfd memory = probe.Memory();
        Assert.Equal(0, kernel.Fcntl(probe.Vm.Handle, FcntlHeader.F_SETFD, 0));
        Assert.Equal(0, kernel.Fcntl(memory.Handle, FcntlHeader.F_SETFD, 0));
        string[] words = [typeof(GuestMemfdVcpu).Assembly.Location, ChildWord, Number(probe.Vm.Handle), Number(memory.Handle)];
        using Process child = Process.Start(new ProcessStartInfo("dotnet", words) { RedirectStandardOutput = true })!;
        Assert.Equal("EIO 0", child.StandardOutput.ReadToEnd().Trim());
        child.WaitForExit();
        using MemfdMapping mapping = memory.Map();
        Assert.Equal(0x5A, mapping.GetSpan(0, 1)[0]);

        static string Number(System.Runtime.InteropServices.SafeHandle handle) =>
            RawIoctl.Number(handle).ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Is the other process, which inherited the descriptors.</summary>
    internal static int RunChild(string vm, string memory)
    {
        using var vmFile = new KernelHandle(Kernel.Linux, int.Parse(vm, CultureInfo.InvariantCulture));
        using var file = new GuestMemfd(
            new KernelHandle(Kernel.Linux, int.Parse(memory, CultureInfo.InvariantCulture)),
            GuestMemfdOptions.Map | GuestMemfdOptions.InitShared);
        int result = Kernel.Linux.Ioctl(vmFile, KvmHeader.KVM_CHECK_EXTENSION, (nint)KvmCapability.GuestMemfd);
        using MemfdMapping mapping = file.Map();
        mapping.GetSpan(0, 1)[0] = 0x5A;
        Console.WriteLine($"{(Errno)(-result)} {mapping.GetSpan(1, 1)[0]}");
        return 0;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AddLostMapping(ProbeVm probe, byte[] code)
    {
        GuestMemfd memory = probe.Memory();
        MemfdMapping mapping = memory.Map();
        code.CopyTo(mapping.GetSpan(0x1000, code.Length));
        mapping.GetSpan(0x3000, 1)[0] = 0x42;
        probe.Vm.AddMemory(0, 0, memory, 0, mapping);
    }

    // The runtime, too, sends signals to its threads.
    private static KvmExitReason Run(KvmVcpu vcpu)
    {
        KvmExitReason reason;
        do
        {
            reason = vcpu.Run();
        }
        while (reason == KvmExitReason.Interrupted);

        return reason;
    }

    private static byte ReadOne(KvmVcpu vcpu)
    {
        Assert.Equal(KvmExitReason.Port, Run(vcpu));
        return vcpu.PortData[0];
    }

    private static GuestMemfd Filled(ProbeVm probe, byte value)
    {
        GuestMemfd memory = probe.Memory();
        using MemfdMapping mapping = memory.Map();
        mapping.GetSpan(0, 16 * Page).Fill(value);
        return memory;
    }

    private static unsafe nuint Address(MemfdMapping mapping) => (nuint)mapping.Address;
}

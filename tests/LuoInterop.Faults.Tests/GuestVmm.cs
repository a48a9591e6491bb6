using LuoInterop.Emulation;
using LuoInterop.Kvm;

namespace LuoInterop.Faults.Tests;

/// <summary>Is a VMM whose guest's memory lives through a kexec: on the library's bindings alone.</summary>
internal sealed class GuestVmm(EmulatedProcess kernel, string image)
{
    public const string Release = "7.3.4-rfc-guest-memfd";
    public const ulong VmToken = 0x1001, MemoryToken = 0x1002;
    private const int Page = 4096, Size = 16 * Page;
    private const ulong Base = 4UL << 30;

    /// <summary>Resumes what the previous kernel left, or starts, and goes over into the next kernel:
    /// 0 when the guest found its memory.</summary>
    public int Run()
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(kernel);
        using KvmDevice kvm = KvmDevice.Open(kernel);
        if (device.TryRetrieveSession("vm", out LiveUpdateSession? session))
        {
            return Resume(kvm, session);
        }

        Start(device, kvm);
        return 1;
    }

    private void Start(LiveUpdateDevice device, KvmDevice kvm)
    {
        using KvmVm vm = kvm.CreateVm();
        using GuestMemfd memory = vm.CreateGuestMemfd(Size);
        using MemfdMapping mapping = memory.Map();
        vm.AddMemory(0, Base, memory, 0, mapping);
        using KvmVcpu vcpu = vm.CreateVcpu();
        kernel.SetGuest(vcpu.Handle, static guest => guest.Write(Base + (3 * Page), [0x5A]));
        Expect(KvmExitReason.Halt, vcpu.Run());
        memory.Allocate(5 * Page, Page);
        using LiveUpdateSession session = device.CreateSession("vm");
        session.Preserve(vm.Handle, VmToken);
        session.Preserve(memory.Handle, MemoryToken);
        KexecImage next = KexecImage.Load(kernel, image, null, "kho=on liveupdate=on");
        session.HoldUntilKexec();
        try
        {
            next.Reboot();
        }
        catch (KernelException)
        {
            session.Abort();
            throw;
        }
    }

    private int Resume(KvmDevice kvm, LiveUpdateSession session)
    {
        using (session)
        {
            using var memory = new GuestMemfd(session.RetrieveFile(MemoryToken), GuestMemfdOptions.Map | GuestMemfdOptions.InitShared);
            using var vm = new KvmVm(kvm, session.RetrieveFile(VmToken));
            using MemfdMapping mapping = memory.Map();
            vm.AddMemory(0, Base, memory, 0, mapping);
            using KvmVcpu vcpu = vm.CreateVcpu();
            byte seen = 0;
            kernel.SetGuest(vcpu.Handle, guest =>
            {
                Span<byte> value = stackalloc byte[1];
                guest.Read(Base + (3 * Page), value);
                seen = value[0];
            });
            Expect(KvmExitReason.Halt, vcpu.Run());
            Expect((byte)0x5A, seen);
            session.Finish();
            return 0;
        }
    }

    private static void Expect<T>(T expected, T found)
    {
        if (!Equals(expected, found))
        {
            throw new InvalidDataException($"{found} in place of {expected}.");
        }
    }
}

using LuoInterop.Kvm;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Kvm;

/// <summary>Does what the posting's selftest does by hand (guest_memfd_preservation_test.c),
/// as one program that lives through the kexec.</summary>
public class GuestMemfdSelftestTests
{
    private const string SessionName = "gmem_vm_preservation_session", StateSessionName = "gmem_preservation_state";
    private const ulong StateToken = 0x999, FrozenToken = 0x8888;
    private const int DataSize = 5 << 20, MemorySize = 16 << 20;

    [Fact]
    public void GuestMemfd_Selftest_16MiBAt4GiB_5MiBWritten_AreVerifiedByTheGuestOfTheNextKernel()
    {
        using EmulatedMachine machine = Vmm.Machine();
        int stages = 0;
        Assert.Equal(42, machine.Run(kernel =>
        {
            stages++;
            return Stage((EmulatedProcess)kernel);
        }));
        Assert.Equal(2, stages);
    }

    private static int Stage(EmulatedProcess kernel)
    {
        Descriptor device = kernel.OpenDevice();
        if (kernel.TryRetrieveSession(device, StateSessionName, out int state) == 0)
        {
            Second(kernel, device, new Descriptor(kernel, state));
            return 42;
        }

        First(kernel, device);
        return -1;
    }

    private static void First(EmulatedProcess kernel, Descriptor device)
    {
        Descriptor state = kernel.Create(device, StateSessionName);
        Descriptor stage = kernel.MemfdWith([2]);
        Assert.Equal(0, kernel.Preserve(state, stage.Fd, StateToken));

        Vmm vmm = Vmm.Create(kernel, MemorySize / Vmm.Page);
        Descriptor session = kernel.Create(device, SessionName);
        foreach (ulong flags in (ulong[])[0, 1])
        {
            using GuestMemfd unshared = vmm.Vm.CreateGuestMemfd(MemorySize, (GuestMemfdOptions)flags);
            Assert.Equal(ENOENT, kernel.Preserve(session, Vmm.Number(unshared.Handle), 0x9001 + flags));
        }

        using (var none = new Descriptor(kernel, kernel.Open("/dev/null", O_RDWR)))
        {
            Assert.Equal(ENOENT, kernel.Preserve(session, none.Fd, 0x9003));
        }

        Frozen(kernel, device, vmm);
        Assert.Equal(KvmExitReason.Halt, vmm.Run(static guest =>
        {
            byte[] page = new byte[Vmm.Page];
            for (int offset = 0; offset < DataSize; offset += Vmm.Page)
            {
                Fill(page, offset);
                guest.Write(Vmm.Base + (ulong)offset, page);
            }
        }));
        Assert.Equal(0, vmm.Preserve(session));
        Assert.Equal(0, kernel.Load(Vmm.Preview));
        kernel.Reboot(KexecCommand);
    }

    // Operations on a frozen file, in a session of its own that is given up.
    private static void Frozen(EmulatedProcess kernel, Descriptor device, Vmm vmm)
    {
        using GuestMemfd frozen = vmm.Vm.CreateGuestMemfd(MemorySize);
        using (MemfdMapping mapping = frozen.Map())
        {
            mapping.GetSpan(0, 1)[0] = 0x5A;
        }

        using Descriptor session = kernel.Create(device, "session_frozen_ops");
        Assert.Equal(0, kernel.Preserve(session, Vmm.Number(frozen.Handle), FrozenToken));
        Assert.Equal(EPERM, kernel.FAllocate(frozen.Handle, Vmm.KeepSize, DataSize, Vmm.Page));
        Assert.Equal(EPERM, kernel.FAllocate(frozen.Handle, Vmm.PunchHole, 0, Vmm.Page));
        using MemfdMapping again = frozen.Map();
        Assert.Equal(0x5A, again.GetSpan(0, 1)[0]);
        Assert.Equal(EFAULT, kernel.TryFill(again, DataSize));

        // The selftest finishes an outgoing session, and ignores the answer.
        Assert.Equal(EINVAL, kernel.Finish(session));
    }

    private static void Second(EmulatedProcess kernel, Descriptor device, Descriptor state)
    {
        Assert.Equal([2], kernel.Content(kernel.Retrieve(state, StateToken), 1));
        Descriptor session = kernel.RetrieveSession(device, SessionName);
        using Vmm vmm = Vmm.Resume(kernel, kernel.Retrieve(session, Vmm.VmToken), kernel.Retrieve(session, Vmm.MemoryToken));
        int verified = 0;
        Assert.Equal(KvmExitReason.Halt, vmm.Run(guest =>
        {
            byte[] expected = new byte[Vmm.Page];
            byte[] found = new byte[Vmm.Page];
            for (int offset = 0; offset < DataSize; offset += Vmm.Page)
            {
                Fill(expected, offset);
                guest.Read(Vmm.Base + (ulong)offset, found);
                verified += found.AsSpan().SequenceEqual(expected) ? Vmm.Page : 0;
            }
        }));
        Assert.Equal(DataSize, verified);
        Assert.Equal(DataSize / Vmm.Page, vmm.Present().Length);
        Assert.Equal(0, kernel.Finish(session));
        session.Dispose();
        Assert.Equal(0, kernel.Finish(state));
        state.Dispose();
        Assert.Equal(0, vmm.Load(DataSize / Vmm.Page));
    }

    private static void Fill(Span<byte> page, int offset)
    {
        for (int i = 0; i < page.Length; i++)
        {
            page[i] = (byte)((offset + i) ^ 0x5A);
        }
    }
}

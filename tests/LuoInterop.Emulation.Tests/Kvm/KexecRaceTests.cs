using LuoInterop.Kvm;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Kvm;

/// <summary>Jumps into the next kernel while guests run.</summary>
public class KexecRaceTests
{
    private const int Pages = 32, Threads = 3;

    /// <summary>No guest of the dead kernel touches a page after the jump, and each of its threads gets to know.</summary>
    [Fact]
    public void GuestMemfd_GuestsThatRunIntoTheKexec_LeaveTheNextKernelsMemoryAlone()
    {
        for (int round = 0; round < 10; round++)
        {
            using EmulatedMachine machine = Vmm.Machine();
            EmulatedProcess kernel = machine.Boot();
            Vmm vmm = Vmm.Create(kernel, Pages);
            vmm.Memory.Allocate(0, Pages * Vmm.Page);
            Assert.Equal(0, vmm.Preserve(kernel.Create(kernel.OpenDevice(), "vm")));
            Assert.Equal(0, kernel.Load(Vmm.Preview));
            using var running = new CountdownEvent(Threads);
            Exception?[] ends = new Exception?[Threads];
            Thread[] threads =
            [
                .. Enumerable.Range(0, Threads).Select(id => new Thread(() =>
                {
                    KvmVcpu vcpu = id == 0 ? vmm.Vcpu : vmm.Vm.CreateVcpu((uint)id);
                    kernel.SetGuest(vcpu.Handle, guest =>
                    {
                        byte[] value = [(byte)id];
                        running.Signal();
                        while (true)
                        {
                            value[0]++;
                            for (ulong page = 0; page < Pages; page++)
                            {
                                guest.Write(Vmm.Base + (page * Vmm.Page) + (ulong)id, value);
                            }
                        }
                    });
                    ends[id] = Record.Exception(() => vcpu.Run());
                })),
            ];
            Array.ForEach(threads, static thread => thread.Start());
            running.Wait();
            Assert.Throws<EmulatedKexecException>(() => kernel.StartProcess().Reboot(KexecCommand));
            EmulatedProcess next = machine.Boot();
            Descriptor session = next.RetrieveSession(next.OpenDevice(), "vm");
            using var memory = new GuestMemfd(next.Retrieve(session, Vmm.MemoryToken), Vmm.Both);
            using MemfdMapping mapping = memory.Map();
            byte[] found = mapping.GetReadOnlySpan(0, Pages * Vmm.Page).ToArray();
            Array.ForEach(threads, static thread => thread.Join());
            Assert.Equal(found, mapping.GetReadOnlySpan(0, Pages * Vmm.Page).ToArray());
            Assert.All(ends, static end => Assert.IsType<EmulatedKexecException>(end));
        }
    }
}

using LuoInterop.Kvm;
using Xunit;

namespace LuoInterop.Contract.Probes;

/// <summary>Is a VM with interrupt controllers and timer in the kernel, whose memory is a memfd, for one probe of its state.</summary>
internal sealed class StateMachine : IDisposable
{
    public const int Port = 0x10;

    private const int Size = 64 << 10;
    private const int Code = 0x1000;

    private readonly Memfd _memory;
    private readonly MemfdMapping _mapping;
    private readonly List<KvmVcpu> _vcpus = [];

    public StateMachine(Kernel kernel, int vcpus = 1)
    {
        Kernel = kernel;
        Device = KvmDevice.Open(kernel);
        Vm = Device.CreateVm();
        Vm.SetTssAddress(0xfffbd000);
        Vm.SetIdentityMapAddress(0xfffbc000);
        Vm.CreateIrqchip();
        Vm.CreatePit();
        _memory = Memfd.Create(kernel, "guest", Size);
        _mapping = _memory.Map();
        Vm.AddMemory(0, 0, _mapping);
        for (uint id = 0; id < vcpus; id++)
        {
            _vcpus.Add(Vm.CreateVcpu(id));
        }
    }

    public Kernel Kernel { get; }

    public KvmDevice Device { get; }

    public KvmVm Vm { get; }

    public IReadOnlyList<KvmVcpu> Vcpus => _vcpus;

    public KvmVcpu Vcpu => _vcpus[0];

    /// <summary>Gets the guest's memory.</summary>
    public Span<byte> Memory => _mapping.GetSpan(0, Size);

    /// <summary>Gives the first vCPU what the kernel supports as its CPUID, and lets it begin at code in real mode.</summary>
    public KvmVcpu Boot(params ReadOnlySpan<byte> code)
    {
        Vcpu.SetCpuid(Device.GetSupportedCpuid());
        code.CopyTo(Memory[Code..]);
        Vcpu.StartInRealMode(0, Code);
        return Vcpu;
    }

    /// <summary>Makes a machine of the same kind, with the same bytes in its memory.</summary>
    public StateMachine Another()
    {
        var machine = new StateMachine(Kernel, Vcpus.Count);
        Memory.CopyTo(machine.Memory);
        return machine;
    }

    /// <summary>Saves the machine through the bytes of a file.</summary>
    public MachineState Save() => MachineState.Parse(MachineState.Save(Vm, Vcpus, Device.GetMsrIndices()).ToBytes());

    /// <summary>Saves it, and puts the state into another one.</summary>
    public StateMachine Move()
    {
        MachineState state = Save();
        StateMachine machine = Another();
        state.Restore(machine.Vm, machine.Vcpus);
        return machine;
    }

    /// <summary>Runs the first vCPU until something else than a signal stops it, or it is kicked.</summary>
    public KvmExitReason Run()
    {
        KvmExitReason reason;
        do
        {
            reason = Vcpu.Run();
        }
        while (reason == KvmExitReason.Interrupted && !Vcpu.ImmediateExit);

        return reason;
    }

    /// <summary>Runs the first vCPU until it has written a byte to a port.</summary>
    public byte RunToPort()
    {
        Assert.Equal(KvmExitReason.Port, Run());
        Assert.True(Vcpu.PortAccess.IsWrite);
        return Vcpu.PortData[0];
    }

    public static byte[] Get(KvmVcpu vcpu, KvmVcpuStructure structure)
    {
        byte[] bytes = new byte[vcpu.GetStateSize(structure)];
        vcpu.GetState(structure, bytes);
        return bytes;
    }

    public byte[] Get(KvmVcpuStructure structure) => Get(Vcpu, structure);

    public byte[] Get(KvmVmStructure structure)
    {
        byte[] bytes = new byte[KvmVm.GetStateSize(structure)];
        Vm.GetState(structure, bytes);
        return bytes;
    }

    /// <summary>Changes a structure of the first vCPU.</summary>
    public void Change(KvmVcpuStructure structure, Action<byte[]> change)
    {
        byte[] bytes = Get(structure);
        change(bytes);
        Vcpu.SetState(structure, bytes);
    }

    /// <summary>Asserts that a change of a structure is refused, and leaves it as it was.</summary>
    public void Refuses(KvmVcpuStructure structure, Action<byte[]> change)
    {
        byte[] before = Get(structure);
        Refused.With(Errno.EINVAL, () => Change(structure, change));
        Assert.Equal(before, Get(structure));
    }

    public ulong GetMsr(uint index)
    {
        KvmMsr[] msrs = [new KvmMsr(index)];
        Assert.Equal(1, Vcpu.GetMsrs(msrs));
        return msrs[0].Value;
    }

    public void SetMsr(uint index, ulong value) => Assert.Equal(1, Vcpu.SetMsrs([new KvmMsr(index, value)]));

    public void Dispose()
    {
        foreach (KvmVcpu vcpu in _vcpus)
        {
            vcpu.Dispose();
        }

        Vm.Dispose();
        Device.Dispose();
        _mapping.Dispose();
        _memory.Dispose();
    }
}

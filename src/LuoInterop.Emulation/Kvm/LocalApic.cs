using System.Buffers.Binary;

namespace LuoInterop.Emulation.Kvm;

/// <summary>Holds the registers of a vCPU's local APIC (arch/x86/kvm/lapic.c), and lets its vCPU wait for an interrupt.</summary>
/// <remarks>Safe for use from several threads. Its timer stands still: the program of an emulated guest has no handlers.</remarks>
internal sealed class LocalApic
{
    /// <summary>The size of <c>struct kvm_lapic_state</c>.</summary>
    public const int Size = 1024;

    // arch/x86/include/asm/apicdef.h.
    private const int Id = 0x20;
    private const int Version = 0x30;
    private const int DestinationFormat = 0xe0;
    private const int SpuriousVector = 0xf0;
    private const int Requests = 0x200;
    private const int TimerEntry = 0x320;
    private const int Lint0Entry = 0x350;
    private const int ErrorEntry = 0x370;
    private const uint Masked = 1 << 16;
    private const uint ExtInt = 7 << 8;
    private const uint TimerModes = 3 << 17;
    private const uint DeadlineMode = 2 << 17;

    // Version 0x14, with six entries.
    private const uint VersionValue = 0x50014;
    private const int Vectors = 256;

    private readonly object _gate = new();
    private readonly byte[] _registers = new byte[Size];
    private ulong _deadline;

    // kvm_lapic_reset.
    public LocalApic(uint id)
    {
        Put(Id, id << 24);
        Put(Version, VersionValue);
        Put(DestinationFormat, uint.MaxValue);
        Put(SpuriousVector, 0xff);
        for (int entry = TimerEntry; entry <= ErrorEntry; entry += 0x10)
        {
            Put(entry, Masked);
        }

        if (id == 0)
        {
            Put(Lint0Entry, ExtInt);
        }
    }

    /// <summary>Gets or sets the deadline of the timer, which is 0 and stays so in another mode than the deadline's.</summary>
    public ulong Deadline
    {
        get
        {
            lock (_gate)
            {
                return _deadline;
            }
        }

        set
        {
            lock (_gate)
            {
                _deadline = IsInDeadlineMode ? value : _deadline;
            }
        }
    }

    private bool IsInDeadlineMode => (Word(TimerEntry) & TimerModes) == DeadlineMode;

    /// <summary>kvm_apic_get_state.</summary>
    public void CopyTo(Span<byte> registers)
    {
        lock (_gate)
        {
            _registers.CopyTo(registers);
        }
    }

    /// <summary>kvm_apic_set_state.</summary>
    public void Set(ReadOnlySpan<byte> registers)
    {
        lock (_gate)
        {
            bool before = IsInDeadlineMode;
            registers.CopyTo(_registers);
            Put(Version, VersionValue);
            _deadline = before == IsInDeadlineMode ? _deadline : 0;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Requests an interrupt.</summary>
    public void Raise(int vector)
    {
        lock (_gate)
        {
            int offset = Requests + (vector / 32 * 0x10);
            Put(offset, Word(offset) | (1u << (vector % 32)));
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Finds the highest vector that is requested, or -1; and takes it when told to.</summary>
    public int Find(bool takes)
    {
        lock (_gate)
        {
            for (int vector = Vectors - 1; vector >= 0; vector--)
            {
                int offset = Requests + (vector / 32 * 0x10);
                uint bit = 1u << (vector % 32);
                if ((Word(offset) & bit) != 0)
                {
                    Put(offset, takes ? Word(offset) & ~bit : Word(offset));
                    return vector;
                }
            }

            return -1;
        }
    }

    /// <summary>Waits until an interrupt is requested, or some milliseconds have passed.</summary>
    public bool Wait(int milliseconds)
    {
        lock (_gate)
        {
            return Find(takes: false) >= 0 || (Monitor.Wait(_gate, milliseconds) && Find(takes: false) >= 0);
        }
    }

    private uint Word(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_registers.AsSpan(offset));

    private void Put(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(_registers.AsSpan(offset), value);
}

using System.Buffers.Binary;

namespace LuoInterop.Emulation.Kvm;

/// <summary>Holds x87, SSE and AVX in the form of XSAVE (arch/x86/kernel/fpu/xstate.c), and XCR0.</summary>
internal sealed class ExtendedState
{
    /// <summary>The size of <c>struct kvm_xsave</c>; what the emulated processor has takes less.</summary>
    public const int Size = 4096;

    private const ulong X87 = 1;
    private const ulong Sse = 2;
    private const ulong Avx = 4;
    private const int ControlWord = 0;
    private const int Mxcsr = 24;
    private const int EndOfX87Control = 24;
    private const int X87Registers = 32;
    private const int SseRegisters = 160;
    private const int EndOfSse = 416;
    private const int Features = 512;
    private const int EndOfHeader = 576;
    private const int EndOfAvx = 832;
    private const ushort ControlWordAfterReset = 0x37f;
    private const uint MxcsrAfterReset = 0x1f80;
    private const uint MxcsrBits = 0xffff;

    private readonly byte[] _state = new byte[Size];

    public ExtendedState() => Fill(0);

    /// <summary>Gets the bytes that KVM_GET_XSAVE2 gives.</summary>
    public ReadOnlySpan<byte> Bytes => _state;

    /// <summary>Gets XCR0.</summary>
    public ulong Control { get; private set; } = X87;

    /// <summary>fpu_copy_uabi_to_guest_fpstate: takes a state whose header and MXCSR can be.</summary>
    public bool TrySet(ReadOnlySpan<byte> state)
    {
        ulong features = BinaryPrimitives.ReadUInt64LittleEndian(state[Features..]);
        uint mxcsr = BinaryPrimitives.ReadUInt32LittleEndian(state[Mxcsr..]);
        if ((features & ~EmulatedCpuid.Xfeatures) != 0
            || state[(Features + sizeof(ulong))..EndOfHeader].ContainsAnyExcept((byte)0)
            || (features != 0 && (mxcsr & ~MxcsrBits) != 0))
        {
            return false;
        }

        state.CopyTo(_state);
        Fill(features);
        return true;
    }

    /// <summary>__kvm_set_xcr: takes a value of XCR0 whose bits go together.</summary>
    public bool TrySetControl(ulong value, ulong guestFeatures)
    {
        if ((value & X87) == 0 || ((value & Avx) != 0 && (value & Sse) == 0) || (value & ~(guestFeatures | X87)) != 0)
        {
            return false;
        }

        Control = value;
        return true;
    }

    // What is not among the features is as after a reset (copy_xstate_to_uabi_buf).
    private void Fill(ulong features)
    {
        Span<byte> state = _state;
        if ((features & X87) == 0)
        {
            state[..EndOfX87Control].Clear();
            state[X87Registers..SseRegisters].Clear();
            BinaryPrimitives.WriteUInt16LittleEndian(state[ControlWord..], ControlWordAfterReset);
        }

        if ((features & (Sse | Avx)) == 0)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(state[Mxcsr..], MxcsrAfterReset);
        }

        if ((features & Sse) == 0)
        {
            state[SseRegisters..EndOfSse].Clear();
        }

        if ((features & Avx) == 0)
        {
            state[EndOfHeader..EndOfAvx].Clear();
        }

        state[EndOfSse..Features].Clear();
        state[EndOfAvx..].Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(state[Features..], features);
    }
}

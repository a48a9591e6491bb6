using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace MiniVmm.Guests;

/// <content>One iteration of the loop.</content>
internal sealed partial class SelfCheckCode
{
    private void Advance()
    {
        _a.inc(r15);
        foreach (AssemblerRegister64 register in s_general)
        {
            _a.inc(register);
        }

        _a.mov(esi, (uint)SelfCheckGuest.Constants);
        foreach (AssemblerRegisterXMM register in s_xmm)
        {
            _a.paddq(register, __xmmword_ptr[rsi + ConstantOne]);
        }
    }

    /// <summary>Arms the timer, now shorter and now longer than the checks take.</summary>
    private void ArmTimer()
    {
        _a.mov(esi, LocalApic);
        _a.mov(eax, r15d);
        _a.and(eax, 7);
        _a.imul(eax, eax, 200_000);
        _a.add(eax, 50_000);
        _a.mov(__dword_ptr[rsi + 0x380], eax);
    }

    private void CheckFloatingPoint()
    {
        _a.mov(esi, (uint)SelfCheckGuest.Constants);
        for (int i = 0; i < 7; i++)
        {
            PushX87(i);
            _a.fcomip(st0, s_stack[i + 1]);
            _a.mov(ecx, 0);
            _a.mov(eax, 1);
            Label failure = Failure(SelfCheckError.X87 + i);
            _a.jne(failure);
            _a.jp(failure);
        }

        _a.xor(eax, eax);
        _a.fnstcw(__word_ptr[rbx + Scratch]);
        _a.mov(ax, __word_ptr[rbx + Scratch]);
        _a.mov(ecx, X87Control);
        Compare(SelfCheckError.X87Control);
        _a.stmxcsr(__dword_ptr[rbx + Scratch]);
        _a.mov(eax, __dword_ptr[rbx + Scratch]);
        _a.mov(ecx, MxcsrValue);
        Compare(SelfCheckError.Mxcsr);
    }

    private void CheckVectors()
    {
        Label noAvx = _a.CreateLabel();
        for (int i = 0; i < s_xmm.Length; i++)
        {
            _a.movdqu(__xmmword_ptr[rbx + Scratch], s_xmm[i]);
            for (int half = 0; half < 2; half++)
            {
                _a.mov(rax, __qword_ptr[rbx + Scratch + (half * 8)]);
                _a.mov(rcx, XmmOf(i, half));
                _a.add(rcx, r15);
                Compare(SelfCheckError.Xmm + i);
            }
        }

        _a.test(__byte_ptr[rbx + Flags], 1);
        _a.je(noAvx);
        for (int i = 0; i < s_ymm.Length; i++)
        {
            _a.vextractf128(__xmmword_ptr[rbx + Scratch], s_ymm[i], 1);
            for (int half = 0; half < 2; half++)
            {
                _a.mov(rax, __qword_ptr[rbx + Scratch + (half * 8)]);
                _a.mov(rcx, YmmOf(i, half));
                Compare(SelfCheckError.Ymm + i);
            }
        }

        _a.Label(ref noAvx);
    }

    private void CheckRegisters()
    {
        for (int i = 0; i < s_general.Length; i++)
        {
            _a.mov(rax, s_general[i]);
            _a.mov(rcx, GeneralOf(i));
            _a.add(rcx, r15);
            Compare(SelfCheckError.General + i);
        }

        for (int i = 0; i < s_debug.Length; i++)
        {
            _a.mov(rax, s_debug[i]);
            _a.lea(rcx, __[rbx + DebugAddress + (i * 8)]);
            Compare(SelfCheckError.Debug + i);
        }

        _a.mov(rax, dr7);
        _a.mov(ecx, DebugControl);
        Compare(SelfCheckError.DebugControl);
        for (int i = 0; i < s_msrs.Length; i++)
        {
            _a.mov(ecx, s_msrs[i]);
            _a.rdmsr();
            _a.shl(rdx, 32);
            _a.or(rax, rdx);
            _a.mov(rcx, MsrBase + ((ulong)i << 20));
            _a.add(rcx, rbx);
            Compare(SelfCheckError.Msr + i);
        }
    }

    private void TakeUndefined()
    {
        _a.Label(ref _undefinedPlace);
        _a.ud2();
        _a.mov(rax, __qword_ptr[rbx + UndefinedCount]);
        _a.mov(rcx, r15);
        Compare(SelfCheckError.UndefinedCount);
    }

    /// <summary>Waits for the timer's interrupt, halted; STI takes effect after HLT only, so that none is missed. One that comes before
    /// HLT all the same would be waited for without end: the timer's handler looks for that.</summary>
    /// <remarks>KVM starts a one-shot timer that is over once more when the APIC is put back (set_target_expiration of
    /// <c>arch/x86/kvm/lapic.c</c>), so that an interrupt that had not been delivered is: one that had been comes twice. Such a one is
    /// counted apart, and the host knows how many there may be.</remarks>
    private void AwaitTimer()
    {
        Label wait = _a.CreateLabel();
        Label came = _a.CreateLabel();
        Label once = _a.CreateLabel();
        _a.mov(rcx, r15);
        _a.add(rcx, __qword_ptr[rbx + RepeatedTimer]);
        _a.Label(ref wait);
        _a.cli();
        _a.mov(rax, __qword_ptr[rbx + TimerInterrupts]);
        _a.cmp(rax, rcx);
        _a.jae(came);
        _a.sti();
        _a.Label(ref _halt);
        _a.hlt();
        _a.jmp(wait);
        _a.Label(ref came);
        _a.sti();
        _a.je(once);
        _a.inc(__qword_ptr[rbx + RepeatedTimer]);
        _a.inc(rcx);
        Compare(SelfCheckError.Timer);
        _a.Label(ref once);
        _a.nop();
    }

    private void CheckTsc()
    {
        _a.rdtsc();
        _a.shl(rdx, 32);
        _a.or(rax, rdx);
        _a.mov(rcx, __qword_ptr[rbx + LastTsc]);
        _a.cmp(rax, rcx);
        _a.jb(Failure(SelfCheckError.Tsc));
        _a.mov(__qword_ptr[rbx + LastTsc], rax);
    }
}

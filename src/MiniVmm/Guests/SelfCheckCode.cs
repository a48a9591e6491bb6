using System.Buffers.Binary;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace MiniVmm.Guests;

/// <summary>Assembles the code of <see cref="SelfCheckGuest"/>.</summary>
/// <remarks>RBX has the vCPU's page and R15 the iterations throughout. A check has in RAX what it found, in RCX what it expected.</remarks>
internal sealed partial class SelfCheckCode
{
    /// <summary>Where a vCPU's page has its numbers.</summary>
    public const int Iterations = 0x08, TimerInterrupts = 0x10, UndefinedCount = 0x18, Error = 0x20, Found = 0x28, Flags = 0x30,
        LastTsc = 0x38, Expected = 0x40, RepeatedTimer = 0x48;

    /// <summary>The bytes of <see cref="Constants"/>.</summary>
    public const int ConstantsSize = ConstantInteger + 8;

    private const int Scratch = 0x100;
    private const int ConstantXmm = 0;
    private const int ConstantYmm = 0x100;
    private const int ConstantOne = 0x200;
    private const int ConstantInteger = 0x210;

    private const int UndefinedVector = 6;
    private const int TimerVector = 0x40;
    private const int SpuriousVector = 0xff;
    private const int Exceptions = 32;

    // Not what a reset leaves: rounding up, all exceptions masked.
    private const int X87Control = 0x0b7f;
    private const int MxcsrValue = 0x5f80;

    // L0 to L3, for instructions at addresses that are never executed.
    private const int DebugControl = 0x455;
    private const int DebugAddress = 0x3000_0000;

    private const uint LocalApic = 0xfee0_0000;
    private const ulong XmmStep = 0x0123_4567_89ab_cdef;
    private const ulong YmmStep = 0x0fed_cba9_8765_4321;
    private const ulong GeneralStep = 0x1111_2222_3333_4447;
    private const ulong MsrBase = 0x0000_7abc_de00_0000;

    private static readonly AssemblerRegister64[] s_general = [rbp, r8, r9, r10, r11, r12, r13, r14];
    private static readonly AssemblerRegisterXMM[] s_xmm =
        [xmm0, xmm1, xmm2, xmm3, xmm4, xmm5, xmm6, xmm7, xmm8, xmm9, xmm10, xmm11, xmm12, xmm13, xmm14, xmm15];
    private static readonly AssemblerRegisterYMM[] s_ymm =
        [ymm0, ymm1, ymm2, ymm3, ymm4, ymm5, ymm6, ymm7, ymm8, ymm9, ymm10, ymm11, ymm12, ymm13, ymm14, ymm15];
    private static readonly AssemblerRegisterDR[] s_debug = [dr0, dr1, dr2, dr3];
    private static readonly AssemblerRegisterST[] s_stack = [st0, st1, st2, st3, st4, st5, st6, st7];

    // MSR_FS_BASE, MSR_KERNEL_GS_BASE, MSR_LSTAR of <asm/msr-index.h>.
    private static readonly uint[] s_msrs = [0xc000_0100, 0xc000_0102, 0xc000_0082];

    private readonly Assembler _a = new(64);
    private readonly List<(Label Label, int Code)> _failures = [];
    private readonly Label[] _exceptions = new Label[Exceptions];
    private Label _undefined;
    private Label _undefinedPlace;
    private Label _timer;
    private Label _halt;
    private Label _spurious;
    private Label _interrupt;
    private ulong[] _handlers = [];

    private SelfCheckCode()
    {
    }

    /// <summary>Gets the code, which begins with its first byte at <see cref="GuestCode.Address"/>.</summary>
    public byte[] Bytes { get; private set; } = [];

    /// <summary>Assembles it.</summary>
    public static SelfCheckCode Assemble()
    {
        SelfCheckCode code = new();
        code.Write();
        return code;
    }

    /// <summary>Gets the constants that the code reads.</summary>
    public static byte[] Constants()
    {
        byte[] all = new byte[ConstantsSize];
        for (int i = 0; i < s_xmm.Length; i++)
        {
            Set(ConstantXmm + (i * 16), XmmOf(i, 0));
            Set(ConstantXmm + (i * 16) + 8, XmmOf(i, 1));
            Set(ConstantYmm + (i * 16), YmmOf(i, 0));
            Set(ConstantYmm + (i * 16) + 8, YmmOf(i, 1));
        }

        Set(ConstantOne, 1);
        Set(ConstantOne + 8, 1);
        Set(ConstantInteger, XmmStep);
        return all;

        void Set(int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(all.AsSpan(offset), value);
    }

    /// <summary>Gets the address of a vector's handler.</summary>
    public ulong HandlerOf(int vector) => vector switch
    {
        UndefinedVector => _handlers[0],
        TimerVector => _handlers[1],
        SpuriousVector => _handlers[2],
        < Exceptions => _handlers[4 + vector],
        _ => _handlers[3],
    };

    private static ulong XmmOf(int register, int half) => XmmStep * (ulong)((4 * register) + (2 * half) + 1);

    private static ulong YmmOf(int register, int half) => YmmStep * (ulong)((4 * register) + (2 * half) + 1);

    private static ulong GeneralOf(int index) => GeneralStep * (ulong)((2 * index) + 1);

    private void Write()
    {
        _undefined = _a.CreateLabel();
        _undefinedPlace = _a.CreateLabel();
        _timer = _a.CreateLabel();
        _halt = _a.CreateLabel();
        _spurious = _a.CreateLabel();
        _interrupt = _a.CreateLabel();
        for (int i = 0; i < Exceptions; i++)
        {
            _exceptions[i] = _a.CreateLabel();
        }

        Label loop = _a.CreateLabel();
        Begin();
        LoadFloatingPoint();
        LoadRegisters();
        StartApic();
        _a.sti();
        _a.Label(ref loop);
        Advance();
        ArmTimer();
        CheckFloatingPoint();
        CheckVectors();
        CheckRegisters();
        TakeUndefined();
        AwaitTimer();
        CheckTsc();
        _a.mov(__qword_ptr[rbx + Iterations], r15);
        _a.jmp(loop);
        WriteHandlers();
        WriteFailures();
        (Bytes, _handlers) = GuestCode.Assemble(_a, [_undefined, _timer, _spurious, _interrupt, .. _exceptions]);
    }

    /// <summary>Finds the vCPU's page, and turns on what the checks use.</summary>
    private void Begin()
    {
        Label noAvx = _a.CreateLabel();
        _a.mov(rbx, rdi);
        _a.shl(rbx, 12);
        _a.add(rbx, (int)SelfCheckGuest.Pages);
        _a.xor(r15d, r15d);
        _a.mov(eax, (uint)GuestIdt.PointerOf(SelfCheckGuest.Idt));
        _a.lidt(__[rax]);

        // CR0: MP and NE on, EM and TS off. CR4: OSFXSR and OSXMMEXCPT.
        _a.mov(rax, cr0);
        _a.and(rax, ~0x0c);
        _a.or(rax, 0x22);
        _a.mov(cr0, rax);
        _a.mov(rax, cr4);
        _a.or(rax, 0x600);
        _a.mov(cr4, rax);

        // AVX, where CPUID has it and XSAVE (leaf 1), and XCR0 may have its bits (leaf 0xd).
        _a.mov(rsi, rbx);
        _a.mov(eax, 1);
        _a.cpuid();
        _a.mov(rbx, rsi);
        _a.and(ecx, (1 << 26) | (1 << 28));
        _a.cmp(ecx, (1 << 26) | (1 << 28));
        _a.jne(noAvx);
        _a.mov(eax, 0xd);
        _a.xor(ecx, ecx);
        _a.cpuid();
        _a.mov(rbx, rsi);
        _a.and(eax, 7);
        _a.cmp(eax, 7);
        _a.jne(noAvx);
        _a.mov(rax, cr4);
        _a.or(rax, 1 << 18);
        _a.mov(cr4, rax);
        _a.mov(eax, 7);
        _a.xor(edx, edx);
        _a.xor(ecx, ecx);
        _a.xsetbv();
        _a.or(__qword_ptr[rbx + Flags], 1);
        _a.Label(ref noAvx);
    }

    private void LoadFloatingPoint()
    {
        Label noAvx = _a.CreateLabel();
        _a.mov(esi, (uint)SelfCheckGuest.Constants);
        _a.fninit();
        _a.mov(__word_ptr[rbx + Scratch], X87Control);
        _a.fldcw(__word_ptr[rbx + Scratch]);
        _a.mov(__dword_ptr[rbx + Scratch], MxcsrValue);
        _a.ldmxcsr(__dword_ptr[rbx + Scratch]);
        for (int i = 6; i >= 0; i--)
        {
            PushX87(i);
        }

        for (int i = 0; i < s_xmm.Length; i++)
        {
            _a.movdqu(s_xmm[i], __xmmword_ptr[rsi + ConstantXmm + (i * 16)]);
        }

        _a.test(__byte_ptr[rbx + Flags], 1);
        _a.je(noAvx);
        for (int i = 0; i < s_ymm.Length; i++)
        {
            _a.vinsertf128(s_ymm[i], s_ymm[i], __xmmword_ptr[rsi + ConstantYmm + (i * 16)], 1);
        }

        _a.Label(ref noAvx);
    }

    /// <summary>Pushes the value that ST(i) has; RSI has the constants.</summary>
    private void PushX87(int i)
    {
        switch (i)
        {
            case 0: _a.fldpi(); break;
            case 1: _a.fldl2e(); break;
            case 2: _a.fldl2t(); break;
            case 3: _a.fldlg2(); break;
            case 4: _a.fldln2(); break;
            case 5: _a.fld1(); break;
            default: _a.fild(__qword_ptr[rsi + ConstantInteger]); break;
        }
    }

    private void LoadRegisters()
    {
        for (int i = 0; i < s_general.Length; i++)
        {
            _a.mov(s_general[i], GeneralOf(i));
        }

        for (int i = 0; i < s_debug.Length; i++)
        {
            _a.lea(rax, __[rbx + DebugAddress + (i * 8)]);
            _a.mov(s_debug[i], rax);
        }

        _a.mov(eax, DebugControl);
        _a.mov(dr7, rax);
        for (int i = 0; i < s_msrs.Length; i++)
        {
            _a.mov(rax, MsrBase + ((ulong)i << 20));
            _a.add(rax, rbx);
            _a.mov(rdx, rax);
            _a.shr(rdx, 32);
            _a.mov(ecx, s_msrs[i]);
            _a.wrmsr();
        }
    }

    /// <summary>Leaves the timer the only interrupt.</summary>
    private void StartApic()
    {
        _a.mov(al, 0xff);
        _a.@out(0x21, al);
        _a.@out(0xa1, al);
        _a.mov(esi, LocalApic);

        // Spurious vector with the APIC on, LINT0 and LINT1 masked, the timer one-shot, divided by one, every priority taken.
        foreach ((int register, int value) in new[]
            { (0xf0, 0x100 | SpuriousVector), (0x350, 0x1_0000), (0x360, 0x1_0000), (0x320, TimerVector), (0x3e0, 0xb), (0x80, 0) })
        {
            _a.mov(eax, value);
            _a.mov(__dword_ptr[rsi + register], eax);
        }
    }

    private void WriteHandlers()
    {
        Label elsewhere = Failure(SelfCheckError.UndefinedPlace);
        _a.Label(ref _undefined);
        _a.push(rax);
        _a.push(rcx);
        _a.mov(rax, __qword_ptr[rsp + 16]);
        _a.lea(rcx, __[_undefinedPlace]);
        _a.cmp(rax, rcx);
        _a.jne(elsewhere);
        _a.pop(rcx);
        _a.pop(rax);

        // UD2 has two bytes.
        _a.add(__qword_ptr[rsp], 2);
        _a.inc(__qword_ptr[rbx + UndefinedCount]);
        _a.iretq();

        _a.Label(ref _timer);
        _a.push(rax);
        _a.push(rcx);
        _a.mov(rax, __qword_ptr[rsp + 16]);
        _a.lea(rcx, __[_halt]);
        _a.cmp(rax, rcx);
        _a.je(Failure(SelfCheckError.Shadow));
        _a.inc(__qword_ptr[rbx + TimerInterrupts]);
        _a.mov(eax, LocalApic);
        _a.mov(__dword_ptr[rax + 0xb0], 0);
        _a.pop(rcx);
        _a.pop(rax);
        _a.Label(ref _spurious);
        _a.iretq();

        _a.Label(ref _interrupt);
        _a.jmp(Failure(SelfCheckError.Interrupt));
        for (int i = 0; i < Exceptions; i++)
        {
            // The error code or the instruction, and the address of a page fault.
            _a.Label(ref _exceptions[i]);
            _a.mov(rax, __qword_ptr[rsp]);
            _a.mov(rcx, cr2);
            _a.jmp(Failure(SelfCheckError.Exception + i));
        }
    }

    private void WriteFailures()
    {
        Label stop = _a.CreateLabel();
        foreach ((Label label, int code) in _failures)
        {
            Label here = label;
            _a.Label(ref here);
            _a.mov(edx, code);
            _a.jmp(stop);
        }

        _a.Label(ref stop);
        GuestCode.WriteStop(_a, Found, Expected, Error);
    }

    private Label Failure(int code)
    {
        Label label = _a.CreateLabel();
        _failures.Add((label, code));
        return label;
    }

    private void Compare(int code)
    {
        _a.cmp(rax, rcx);
        _a.jne(Failure(code));
    }
}

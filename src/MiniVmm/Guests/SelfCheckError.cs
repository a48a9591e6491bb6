namespace MiniVmm.Guests;

/// <summary>Has the codes by which a <see cref="SelfCheckGuest"/> says what was wrong.</summary>
internal static class SelfCheckError
{
    /// <summary>A value of the x87 stack, of seven.</summary>
    public const int X87 = 0x01;

    /// <summary>The x87 control word.</summary>
    public const int X87Control = 0x08;

    /// <summary>MXCSR.</summary>
    public const int Mxcsr = 0x09;

    /// <summary>XMM0, of sixteen.</summary>
    public const int Xmm = 0x10;

    /// <summary>The upper half of YMM0, of sixteen.</summary>
    public const int Ymm = 0x20;

    /// <summary>The first of the general registers RBP and R8 to R14.</summary>
    public const int General = 0x30;

    /// <summary>DR0, of four.</summary>
    public const int Debug = 0x40;

    /// <summary>DR7.</summary>
    public const int DebugControl = 0x47;

    /// <summary>FS_BASE, KERNEL_GS_BASE, LSTAR.</summary>
    public const int Msr = 0x50;

    /// <summary>There were more or less #UD than UD2.</summary>
    public const int UndefinedCount = 0x60;

    /// <summary>A #UD came from another instruction.</summary>
    public const int UndefinedPlace = 0x61;

    /// <summary>The timer's interrupt came more than once.</summary>
    public const int Timer = 0x70;

    /// <summary>The TSC ran back.</summary>
    public const int Tsc = 0x71;

    /// <summary>An interrupt came between STI and HLT, where the processor holds it back for one instruction (SDM volume 3, 7.8.1).</summary>
    public const int Shadow = 0x72;

    /// <summary>An exception that nothing raises; its vector is added.</summary>
    public const int Exception = 0x100;

    /// <summary>An interrupt that nothing raises.</summary>
    public const int Interrupt = 0x200;

    /// <summary>Names a code.</summary>
    public static string Name(ulong code) => code switch
    {
        >= X87 and < X87 + 7 => $"x87 ST({code - X87})",
        X87Control => "x87 control word",
        Mxcsr => "MXCSR",
        >= Xmm and < Xmm + 16 => $"XMM{code - Xmm}",
        >= Ymm and < Ymm + 16 => $"upper half of YMM{code - Ymm}",
        General => "RBP",
        > General and < General + 8 => $"R{code - General + 7}",
        >= Debug and < Debug + 4 => $"DR{code - Debug}",
        DebugControl => "DR7",
        Msr => "FS_BASE",
        Msr + 1 => "KERNEL_GS_BASE",
        Msr + 2 => "LSTAR",
        UndefinedCount => "count of #UD",
        UndefinedPlace => "place of #UD",
        Timer => "count of timer interrupts",
        Tsc => "TSC",
        Shadow => "interrupt in the shadow of STI (QEMU's translation before 10.0 forgets that shadow at VMRUN)",
        >= Exception and < Exception + 32 => $"exception {code - Exception}",
        Interrupt => "unexpected interrupt",
        _ => $"error 0x{code:x}",
    };
}

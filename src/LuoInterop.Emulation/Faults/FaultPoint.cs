namespace LuoInterop.Emulation;

/// <summary>Names the places where faults wait.</summary>
internal enum FaultPoint
{
    /// <summary>The entry of a program's call; kinds are <see cref="KernelCall"/>.</summary>
    Call,
    /// <summary>The call of a file handler; kinds are <see cref="FileOperation"/>.</summary>
    Handler,
    /// <summary>An allocation; kinds are <see cref="AllocationKind"/>.</summary>
    Allocation,
    /// <summary>The jump, when all is frozen.</summary>
    Jump,
    /// <summary>The registration of the file handlers at boot.</summary>
    Registration,
}

/// <summary>Names what happens to a call.</summary>
internal enum FaultEffect
{
    /// <summary>It is refused before anything is done.</summary>
    Refuse,
    /// <summary>Its answer cannot be copied to the program (EFAULT).</summary>
    FailCopyBack,
    /// <summary>It is not made: the process is killed.</summary>
    Kill,
    /// <summary>It is not made: the machine is without power.</summary>
    CutPower,
}

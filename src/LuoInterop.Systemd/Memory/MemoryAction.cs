namespace LuoInterop.Systemd;

/// <summary>Says what becomes of a kept memory that is not as expected.</summary>
public enum MemoryAction
{
    /// <summary>The start fails with a <see cref="PersistentMemoryException"/>. The memory stays as it is, in the store.</summary>
    Refuse,

    /// <summary>The memory is erased and begins anew.</summary>
    StartNew,

    /// <summary>The memory is given to the application as it is, which is told by <see cref="PersistentMemory.Integrity"/>.</summary>
    Keep,
}

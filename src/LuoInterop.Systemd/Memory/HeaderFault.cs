namespace LuoInterop.Systemd.Memory;

/// <summary>Says what is wrong with a header.</summary>
internal enum HeaderFault
{
    None,

    /// <summary>All is zero: a memory that was made and not written yet.</summary>
    Blank,
    WrongMagic,
    NewerFormat,
    WrongLength,
    WrongChecksum,
    WrongName,
    NoState,
}

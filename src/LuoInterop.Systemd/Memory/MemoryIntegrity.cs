namespace LuoInterop.Systemd;

/// <summary>Says what is known of a memory's content.</summary>
public enum MemoryIntegrity
{
    /// <summary>It is new: all zero.</summary>
    New,

    /// <summary>It was closed, and every byte is as it was then: the checksum is right.</summary>
    Verified,

    /// <summary>It was closed, and the checksum was not looked at, since the options say so.</summary>
    Unchecked,

    /// <summary>It was not closed: the bytes are as the process left them, in the middle of whatever it did.</summary>
    Unfinished,

    /// <summary>It was closed, and bytes have changed since: somebody wrote after the stop, or memory was lost.</summary>
    Damaged,
}

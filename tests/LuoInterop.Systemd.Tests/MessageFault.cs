namespace LuoInterop.Systemd.Tests;

/// <summary>Says what the fake service manager does with a message.</summary>
public enum MessageFault
{
    None,

    /// <summary>It closes the descriptors and does nothing, as with NotifyAccess= that excludes the sender.</summary>
    Drop,

    /// <summary>It does it only when it is told to go on.</summary>
    Delay,

    /// <summary>It does it twice.</summary>
    Repeat,

    /// <summary>It finds the message cut (MSG_TRUNC), which systemd drops.</summary>
    Truncate,

    /// <summary>It has no room for the descriptors (MSG_CTRUNC): the kernel closes them, and the text is there.</summary>
    LoseDescriptors,
}

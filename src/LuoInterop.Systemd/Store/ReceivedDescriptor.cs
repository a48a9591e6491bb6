using LuoInterop.Systemd.Store;

namespace LuoInterop.Systemd;

/// <summary>Is a descriptor that systemd passed at the start of the service.</summary>
/// <remarks>Members may be called from several threads at once.</remarks>
public sealed class ReceivedDescriptor
{
    private const string SessionPrefix = "anon_inode:[luo_session] ";

    private int _taken;

    internal ReceivedDescriptor(DescriptorName name, KernelHandle handle)
    {
        StoreName = name;
        Handle = handle;
        handle.Kernel.ReadLink(handle, out string link);
        LinkText = link;
        SessionName = link.StartsWith(SessionPrefix, StringComparison.Ordinal) ? link[SessionPrefix.Length..] : null;
        Kind = SessionName is not null ? DescriptorKind.LiveUpdateSession
            : IsMemfd(handle, link) ? DescriptorKind.Memfd
            : DescriptorKind.Other;
    }

    /// <summary>Gets the name, without what marks a replacement.</summary>
    public string Name => StoreName.Name;

    /// <summary>Gets the name under which systemd keeps it, as <c>systemd-analyze fdstore</c> shows it.</summary>
    public string StoredAs => StoreName.Stored;

    /// <summary>Gets what it is.</summary>
    public DescriptorKind Kind { get; }

    /// <summary>Gets the text of its link in <c>/proc/self/fd</c>; empty where that cannot be read.</summary>
    public string LinkText { get; }

    /// <summary>Gets the kernel's name of the session, where it is one. That of a session that systemd made (LUOSession=) is a hash:
    /// sessions are found by <see cref="Name"/>.</summary>
    public string? SessionName { get; }

    /// <summary>Gets whether somebody took it.</summary>
    public bool IsTaken => Volatile.Read(ref _taken) != 0;

    internal DescriptorName StoreName { get; }

    internal KernelHandle Handle { get; private set; }

    /// <inheritdoc/>
    public override string ToString() => $"{StoredAs} ({LinkText})";

    /// <summary>Takes it, once.</summary>
    internal bool TryTake() => Interlocked.Exchange(ref _taken, 1) == 0;

    /// <summary>Takes another opening of the file in the place of the one that systemd has, which is closed.</summary>
    internal void Replace(KernelHandle opened)
    {
        KernelHandle before = Handle;
        Handle = opened;
        before.Dispose();
    }

    // A retrieved one has no name: "/ (deleted)".
    private static bool IsMemfd(KernelHandle handle, string link) =>
        (link.StartsWith("/memfd:", StringComparison.Ordinal) || link.StartsWith("/ (deleted)", StringComparison.Ordinal))
        && StoredCopy.IsMemory(handle.Kernel, handle);
}

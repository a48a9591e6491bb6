namespace LuoInterop.Systemd;

/// <summary>Reports that a descriptor was not stored or not received, and why.</summary>
/// <remarks>What the kernel refuses is a <see cref="KernelException"/>, and systemd's silence a <see cref="TimeoutException"/>.</remarks>
public sealed class FileDescriptorStoreException : IOException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="refusal">Why.</param>
    /// <param name="message">A sentence for people that says what to do.</param>
    /// <param name="name">The name of the descriptor concerned, or null.</param>
    public FileDescriptorStoreException(StoreRefusal refusal, string message, string? name = null)
        : base(message)
    {
        Refusal = refusal;
        Name = name;
    }

    /// <summary>Gets why.</summary>
    public StoreRefusal Refusal { get; }

    /// <summary>Gets the name of the descriptor concerned, or null.</summary>
    public string? Name { get; }
}

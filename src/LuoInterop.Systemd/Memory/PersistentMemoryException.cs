namespace LuoInterop.Systemd;

/// <summary>Says why a kept memory was refused.</summary>
public enum MemoryRefusal
{
    /// <summary>What is stored under the name is no memory of this library.</summary>
    NotAMemory,

    /// <summary>A newer version of this library wrote it, in a form that this one does not know.</summary>
    NewerFormat,

    /// <summary>Its header is damaged.</summary>
    DamagedHeader,

    /// <summary>It has another data version than the application.</summary>
    OtherDataVersion,

    /// <summary>It is larger than the size that is asked for.</summary>
    Larger,

    /// <summary>It was not closed, or its checksum is wrong, and the options refuse that.</summary>
    NotWhole,

    /// <summary>There is no store to keep it in, and the options ask for one.</summary>
    NotKept,
}

/// <summary>Reports that a memory that was kept is not given to the application. It stays in systemd's store as it is.</summary>
public sealed class PersistentMemoryException : IOException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="refusal">Why.</param>
    /// <param name="name">The memory's name.</param>
    /// <param name="message">A sentence for people that says what to do.</param>
    /// <param name="inner">What led to it, or null.</param>
    public PersistentMemoryException(MemoryRefusal refusal, string name, string message, Exception? inner = null)
        : base($"The memory \"{name}\": {message}", inner)
    {
        Refusal = refusal;
        Name = name;
    }

    /// <summary>Gets why.</summary>
    public MemoryRefusal Refusal { get; }

    /// <summary>Gets the memory's name.</summary>
    public string Name { get; }
}

namespace LuoInterop.Kvm;

/// <summary>Says why a machine's state cannot be used.</summary>
public enum KvmStateFault
{
    /// <summary>The bytes are no machine's state: they do not begin as one does.</summary>
    NotAState,
    /// <summary>Bytes are missing at the end.</summary>
    Truncated,
    /// <summary>The checksum is another one, or the bytes cannot be read.</summary>
    Damaged,
    /// <summary>A newer program wrote it, in a form that this one does not know.</summary>
    NewerVersion,
    /// <summary>Something is missing without which the machine cannot go on.</summary>
    Incomplete,
    /// <summary>This kernel, processor or machine cannot take the state.</summary>
    Refused,
}

/// <summary>Is thrown when a machine's state cannot be read, saved or put back. What was read is not changed by it.</summary>
public sealed class KvmStateException : Exception
{
    /// <summary>Makes the exception.</summary>
    public KvmStateException(KvmStateFault fault, string message, Exception? cause = null)
        : base(message, cause) => Fault = fault;

    /// <summary>Gets what is wrong.</summary>
    public KvmStateFault Fault { get; }
}

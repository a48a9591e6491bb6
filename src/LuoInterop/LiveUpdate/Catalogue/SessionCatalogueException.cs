namespace LuoInterop;

/// <summary>Says what is wrong with a session's catalogue.</summary>
public enum SessionCatalogueFault
{
    /// <summary>The session has no file under token 0.</summary>
    Missing,
    /// <summary>The bytes end too early, or go on too long.</summary>
    Truncated,
    /// <summary>The bytes are not those that were written.</summary>
    ChecksumMismatch,
    /// <summary>A newer program wrote it, in a version that this one does not know.</summary>
    NewerVersion,
    /// <summary>It is no catalogue, or breaks its rules.</summary>
    Malformed,
    /// <summary>It is larger than 16 MiB.</summary>
    TooLarge,
    /// <summary>It has no entry of the name that was asked for.</summary>
    NoEntry,
    /// <summary>It has several entries of the name that was asked for.</summary>
    Ambiguous,
    /// <summary>A file's size or content is not what its entry says.</summary>
    ContentMismatch,
    /// <summary>The entry of the name that was asked for cannot be used; <see cref="CatalogueDocument.Unusable"/> says why.</summary>
    Unusable,
}

/// <summary>Reports that a session's catalogue cannot be used; nothing of the session was changed or freed.</summary>
public sealed class SessionCatalogueException : IOException
{
    internal SessionCatalogueException(SessionCatalogueFault fault, string message, Exception? inner = null)
        : base(message, inner) => Fault = fault;

    /// <summary>Gets what is wrong.</summary>
    public SessionCatalogueFault Fault { get; }
}

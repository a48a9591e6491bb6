namespace LuoInterop;

/// <summary>Reports that a kernel refused a call: the error number, what was asked of it, and what that means here.</summary>
/// <remarks>Faults that the library finds before it calls the kernel are the usual argument exceptions instead.</remarks>
public sealed class LiveUpdateException : IOException
{
    internal LiveUpdateException(Errno errno, string operation, string meaning, string? session = null, ulong? token = null)
        : base(Sentence(errno, operation, meaning, session, token))
    {
        Errno = errno;
        Operation = operation;
        Session = session;
        Token = token;
        HResult = (int)errno;
    }

    /// <summary>Gets the error number with which the kernel refused.</summary>
    public Errno Errno { get; }

    /// <summary>Gets what was asked of the kernel, in its own words, for example <c>PRESERVE_FD</c>.</summary>
    public string Operation { get; }

    /// <summary>Gets the name of the session concerned, or null.</summary>
    public string? Session { get; }

    /// <summary>Gets the token concerned, or null.</summary>
    public ulong? Token { get; }

    /// <summary>Makes the exception for a refusal, with the meaning that the error number has for this operation.</summary>
    internal static LiveUpdateException For(long result, string operation, string? session = null, ulong? token = null)
    {
        Errno errno = (Errno)(int)-result;
        return new LiveUpdateException(errno, operation, Refusal.Explain(operation, errno), session, token);
    }

    private static string Sentence(Errno errno, string operation, string meaning, string? session, ulong? token)
    {
        string subject = (session, token) switch
        {
            (null, null) => operation,
            (null, { } t) => $"{operation} of token {t}",
            ({ } s, null) => $"{operation} on session \"{s}\"",
            ({ } s, { } t) => $"{operation} of token {t} on session \"{s}\"",
        };
        string name = Enum.IsDefined(errno) ? errno.ToString() : $"errno {(int)errno}";
        return $"{subject} was refused with {name}: {meaning}";
    }
}

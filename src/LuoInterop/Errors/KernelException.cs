namespace LuoInterop;

/// <summary>Reports that a kernel refused a call: the error number, what was asked of it, and what that means here.</summary>
/// <remarks>Faults that the library finds before it calls the kernel are the usual argument exceptions instead.</remarks>
public sealed class KernelException : IOException
{
    /// <summary>Makes the exception for a refusal, also one of a call that a program makes itself.</summary>
    /// <param name="errno">The error number with which the kernel refused.</param>
    /// <param name="operation">What was asked of the kernel, in its own words, for example <c>PRESERVE_FD</c>.</param>
    /// <param name="meaning">A sentence that says what the number means for this operation, and what to do.</param>
    /// <param name="session">The name of the session concerned, or null.</param>
    /// <param name="token">The token concerned, or null.</param>
    public KernelException(Errno errno, string operation, string meaning, string? session = null, ulong? token = null)
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

    /// <summary>Gets whether the same call can succeed later: others have to release a device, a descriptor or memory, but nothing
    /// that was asked for is wrong or lost.</summary>
    /// <remarks>
    /// <para>EINTR, EAGAIN, EMFILE and ENFILE are transient for every operation, EBUSY where another holds the device or a kexec
    /// operation runs,
    /// ETXTBSY for the file of a kernel image, ENOMEM unless a retrieve has lost the file by it.</para>
    /// <para>After a refused reboot(2) the system runs on: all but EPERM (no CAP_SYS_BOOT), EINVAL (no image) and ESTALE (another
    /// image) are transient.</para>
    /// </remarks>
    public bool IsTransient => Refusal.IsTransient(Operation, Errno);

    /// <summary>Makes the exception for a refusal, with the meaning that the error number has for this operation.</summary>
    internal static KernelException For(long result, string operation, string? session = null, ulong? token = null)
    {
        Errno errno = (Errno)(int)-result;
        return new KernelException(errno, operation, Refusal.Explain(operation, errno), session, token);
    }

    /// <summary>Gives what a call returned, or throws where that is <c>-errno</c>.</summary>
    internal static long Check(long result, string operation) => result >= 0 ? result : throw For(result, operation);

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

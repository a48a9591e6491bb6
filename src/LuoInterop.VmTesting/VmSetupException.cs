namespace LuoInterop.VmTesting;

/// <summary>Tells that a VM could not be tried at all: a tool is missing, a folder cannot be written, a build failed.</summary>
public sealed class VmSetupException : Exception
{
    /// <summary>Creates the exception with a sentence that says what to do.</summary>
    public VmSetupException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with a sentence that says what to do, and the failure beneath it.</summary>
    public VmSetupException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

namespace LuoInterop.NextKernelPayload;

/// <summary>Names what a kernel found of what the one before handed over, and what it hands over itself.</summary>
public static class Found
{
    /// <summary>The session, with its file as it was.</summary>
    public const string Kept = "kept";

    /// <summary>A device, and no file in a session.</summary>
    public const string Nothing = "nothing";

    /// <summary>A session whose file has other bytes.</summary>
    public const string Other = "other";

    /// <summary>No device that opens; the errno follows.</summary>
    public const string NoDevice = "no-device";

    /// <summary>A session with a file is handed over.</summary>
    public const string File = "file";

    /// <summary>The name of the file that is the last kernel's initial RAM disk, where it has one of its own.</summary>
    public const string InitrdFile = "next-initrd";

    /// <summary>The next kernel is not loaded, for its command line or its configuration.</summary>
    public const string Refused = "refused";
}

namespace LuoInterop;

/// <summary>Says what a preserve call may let pass.</summary>
[Flags]
public enum PreserveOptions
{
    /// <summary>Refuses a file that would come back unusable.</summary>
    None = 0,
    /// <summary>Preserves a file with F_SEAL_EXEC too, which Linux 7.1 to 7.3 give back read-only for ever.</summary>
    AllowExecSeal = 1,
}

namespace LuoInterop;

/// <summary>Names the C library.</summary>
internal static class CLibrary
{
    /// <summary>The name that Tmds.LibC has. Under another one it would be looked for once more, in files that are not there.</summary>
    public const string Name = "libc.so.6";
}

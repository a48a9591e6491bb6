namespace LuoInterop;

/// <summary>Describes a preserved file, or a session of its own, by a name.</summary>
/// <param name="Unit">The program or service that owns it: a key of <c>units</c>.</param>
/// <param name="Name">The name, unlike every other of the unit.</param>
/// <param name="Token">The token in the session; null for a session entry.</param>
/// <param name="SessionName">The name of a session of its own (<c>"type":"luo_session"</c>); null for a file.</param>
/// <param name="Size">The file's size in bytes when it was preserved, or null when not recorded.</param>
/// <param name="Checksum">A checksum of the content such as <c>sha256:HEX</c>, or null when not recorded.</param>
/// <param name="Length">Of a state, how many bytes of the file belong to it, from its start; null for a file.</param>
/// <param name="Version">Of a state, the version of its format, from 1 on; null for a file.</param>
public sealed record CatalogueEntry(
    string Unit,
    string Name,
    ulong? Token,
    string? SessionName = null,
    long? Size = null,
    string? Checksum = null,
    long? Length = null,
    int? Version = null);

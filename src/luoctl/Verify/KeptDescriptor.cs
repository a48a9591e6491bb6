namespace LuoInterop.Cli.Verify;

/// <summary>Is what a service manager keeps for a unit.</summary>
/// <param name="Unit">The unit.</param>
/// <param name="Name">The name under which it is stored.</param>
/// <param name="Kind"><c>memory</c>, <c>session</c> or <c>other</c>.</param>
/// <param name="Size">The bytes of memory; null for anything else.</param>
/// <param name="Sha256">The digest of memory in hexadecimal digits; null where it was not asked for.</param>
/// <param name="LeftBehind">Why a live update does not carry it; null where it does.</param>
internal sealed record KeptDescriptor(string Unit, string Name, string Kind, long? Size, string? Sha256, string? LeftBehind = null);

/// <summary>Is what a machine keeps at one moment, in the stores of units and in sessions that processes hold.</summary>
/// <param name="BootId">The number that each start of a kernel has.</param>
/// <param name="Release">The kernel's release.</param>
/// <param name="Descriptors">What the service manager keeps.</param>
/// <param name="Sessions">The names of sessions that are open.</param>
internal sealed record KeptState(
    string BootId, string Release, IReadOnlyList<KeptDescriptor> Descriptors, IReadOnlyList<string> Sessions);

namespace LuoInterop;

/// <summary>Names an entry of a catalogue that cannot be used, and says why; the other entries can.</summary>
/// <remarks>Its file is still in the session: retrieve it by its token, or leave it to FINISH.</remarks>
/// <param name="Unit">The key of <c>units</c> under which it stands.</param>
/// <param name="Index">Its place in <c>fdstore</c>, from 0; -1 where the whole unit cannot be used.</param>
/// <param name="Name">Its name; null where it has none that is a text.</param>
/// <param name="Token">Its token; null where it has none that is a whole number.</param>
/// <param name="Reason">What is wrong, as the rest of a sentence about the entry.</param>
public sealed record UnusableCatalogueEntry(string Unit, int Index, string? Name, ulong? Token, string Reason);

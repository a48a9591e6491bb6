namespace LuoInterop.Litmus.Language;

/// <summary>Is one word of a line: <c>word</c>, <c>key=word</c>, <c>"text"</c>, <c>"text"suffix</c> or <c>key="text"suffix</c>.</summary>
/// <param name="Key">What stands before the equals sign, or null.</param>
/// <param name="Word">The unquoted value; the suffix where there is a quoted one.</param>
/// <param name="Quoted">The bytes between the quotes, or null.</param>
internal sealed record Token(string? Key, string Word, byte[]? Quoted);

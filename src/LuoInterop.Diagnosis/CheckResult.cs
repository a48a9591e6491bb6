namespace LuoInterop.Diagnosis;

/// <summary>Holds what one check found.</summary>
/// <remarks>Immutable, and safe to share between threads. Texts may have what processes call themselves in them.</remarks>
/// <param name="Id">The check's name, which never changes.</param>
/// <param name="Title">What is looked at, for people.</param>
/// <param name="Verdict">What was found.</param>
/// <param name="Evidence">The sentences that show it.</param>
/// <param name="Remedy">What to do; empty where nothing need be done.</param>
public sealed record CheckResult(string Id, string Title, CheckVerdict Verdict, string Evidence, string Remedy);

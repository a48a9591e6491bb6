using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho;

/// <summary>Tells of a part of a handover that could not be decoded, while the rest was.</summary>
/// <remarks>Immutable, and safe to share between threads.</remarks>
/// <param name="Part">The part: <c>session "vm-1"</c>, <c>session "vm-1", token 3</c>, <c>preserved-memory map</c>.</param>
/// <param name="Error">What is wrong with its bytes.</param>
/// <param name="Message">A sentence for people.</param>
/// <param name="Address">The physical address that cannot be read; null for another error.</param>
public sealed record HandoverFault(string Part, KhoFormatError Error, string Message, ulong? Address);

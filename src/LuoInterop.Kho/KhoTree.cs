namespace LuoInterop.Kho;

/// <summary>Holds what the root device tree of Kexec HandOver says.</summary>
/// <remarks>
/// Source: <c>include/linux/kho/abi/kexec_handover.h</c>; this form since Linux 7.1. Members are null where the property is
/// missing or, in a truncated tree, cannot be named. Immutable, and safe to share between threads.
/// </remarks>
/// <param name="Compatible">The format's name: <c>kho-v3</c> on Linux 7.1, <c>kho-v4</c> on 7.2 and 7.3.</param>
/// <param name="PreservedMemoryMap">The physical address of the root of the preserved-memory radix tree.</param>
/// <param name="SubTrees">The sub-trees in the tree's order: the kernel puts the newest first.</param>
public sealed record KhoTree(string? Compatible, ulong? PreservedMemoryMap, IReadOnlyList<KhoSubTree> SubTrees);

/// <summary>Names one blob that a kernel subsystem hands over.</summary>
/// <remarks>Immutable, and safe to share between threads. Since Linux 7.1.</remarks>
/// <param name="Name">The sub-tree's name, for example <c>LUO</c> or <c>kexec-metadata</c>; one character per byte.</param>
/// <param name="PreservedData">The blob's physical address.</param>
/// <param name="BlobSize">The blob's size in bytes.</param>
public sealed record KhoSubTree(string Name, ulong? PreservedData, ulong? BlobSize);

using LuoInterop.Kho.Abi;

namespace LuoInterop.Emulation.Kho;

/// <summary>Keeps preserved pieces in the radix tree that the next kernel reads as it is.</summary>
internal sealed class PreservedRadixTree(KhoRadixTree tree) : PreservedMap
{
    public override ulong Address => tree.Root;

    public override IEnumerable<ulong> Pages => tree.Nodes();

    public override Errno Add(ulong address, int order) => tree.Add(address, order);

    public override void Remove(ulong address, int order) => tree.Remove(address, order);

    public override Errno Serialize() => Errno.None;

    public override void Clear() => throw new InvalidOperationException("No kernel with a radix tree takes back what it preserved.");
}

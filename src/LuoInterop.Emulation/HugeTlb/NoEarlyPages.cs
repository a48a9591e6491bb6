namespace LuoInterop.Emulation.HugeTlb;

/// <summary>Knows nothing of a previous kernel's pools: on a cold boot, or where nothing is counted.</summary>
internal sealed class NoEarlyPages : IEarlyPages
{
    public ulong Count(int order) => 0;

    public bool HasPool(int order) => false;
}

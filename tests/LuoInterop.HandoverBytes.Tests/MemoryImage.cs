using LuoInterop.Kho.Abi;
using Microsoft.Win32.SafeHandles;

namespace LuoInterop.HandoverBytes.Tests;

/// <summary>Reads a file whose offsets are physical addresses.</summary>
internal sealed class MemoryImage(string path) : IPhysicalMemory, IDisposable
{
    private readonly SafeFileHandle _file = File.OpenHandle(path);

    public ulong Length => (ulong)RandomAccess.GetLength(_file);

    public bool TryRead(ulong physicalAddress, Span<byte> destination) =>
        physicalAddress <= Length
        && (ulong)destination.Length <= Length - physicalAddress
        && RandomAccess.Read(_file, destination, (long)physicalAddress) == destination.Length;

    public bool TryWrite(ulong physicalAddress, ReadOnlySpan<byte> source) => false;

    public void Dispose() => _file.Dispose();
}

using System.Runtime.InteropServices;

namespace LuoInterop.Emulation.Tests;

/// <summary>Maps pages whose protection can be taken away, to make arguments that fault.</summary>
internal sealed unsafe partial class HostPages : IDisposable
{
    public const int None = 0, ReadOnly = 1, ReadWrite = 3;
    public const int PageSize = 4096;

    private readonly int _count;

    public HostPages(int count)
    {
        _count = count;
        Address = (nint)mmap(null, (nuint)(count * PageSize), ReadWrite, 0x22, -1, 0);
        Assert.NotEqual(-1, Address);
    }

    public nint Address { get; }

    public nint Page(int index) => Address + (index * PageSize);

    public Span<byte> Bytes => new((void*)Address, _count * PageSize);

    public void Protect(int page, int protection) => Assert.Equal(0, mprotect((void*)Page(page), PageSize, protection));

    public void Dispose() => Assert.Equal(0, munmap((void*)Address, (nuint)(_count * PageSize)));

    [LibraryImport("libc")]
    private static partial void* mmap(void* address, nuint length, int protection, int flags, int fd, long offset);

    [LibraryImport("libc")]
    private static partial int mprotect(void* address, nuint length, int protection);

    [LibraryImport("libc")]
    private static partial int munmap(void* address, nuint length);
}

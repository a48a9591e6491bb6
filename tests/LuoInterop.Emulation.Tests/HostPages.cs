using Tmds.Linux;

namespace LuoInterop.Emulation.Tests;

/// <summary>Maps pages whose protection can be taken away, to make arguments that fault.</summary>
internal sealed unsafe class HostPages : IDisposable
{
    public static readonly int None = LibC.PROT_NONE, ReadOnly = LibC.PROT_READ, ReadWrite = LibC.PROT_READ | LibC.PROT_WRITE;
    public const int PageSize = 4096;

    private readonly int _count;

    public HostPages(int count)
    {
        _count = count;
        Address = (nint)LibC.mmap(null, count * PageSize, ReadWrite, LibC.MAP_PRIVATE | LibC.MAP_ANONYMOUS, -1, 0);
        Assert.NotEqual(-1, Address);
    }

    public nint Address { get; }

    public nint Page(int index) => Address + (index * PageSize);

    public Span<byte> Bytes => new((void*)Address, _count * PageSize);

    public void Protect(int page, int protection) => Assert.Equal(0, LibC.mprotect((void*)Page(page), PageSize, protection));

    public void Dispose() => Assert.Equal(0, LibC.munmap((void*)Address, _count * PageSize));
}

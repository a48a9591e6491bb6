using Tmds.Linux;
using Xunit;

namespace LuoInterop.Contract;

/// <summary>Is a page of this process whose protection a test chooses, for arguments that a kernel cannot read or write.</summary>
/// <remarks>It is followed by a page that lies past the end of its file, which nobody can read either.</remarks>
public sealed unsafe class UserMemory : IDisposable
{
    private const int PageSize = 4096;
    private readonly Kernel _kernel;
    private readonly Memfd _backing;

    private UserMemory(Kernel kernel, Memfd backing, nint address)
    {
        _kernel = kernel;
        _backing = backing;
        Address = address;
    }

    public nint Address { get; }

    /// <summary>Makes a page that cannot be touched.</summary>
    public static UserMemory Unmapped(Kernel kernel) => Map(kernel, [], LibC.PROT_NONE);

    /// <summary>Makes a page that holds an argument and can be read only.</summary>
    public static UserMemory ReadOnly(Kernel kernel, ReadOnlySpan<byte> content) => Map(kernel, content, LibC.PROT_READ);

    /// <summary>Makes a page that holds an argument.</summary>
    public static UserMemory Writable(Kernel kernel, ReadOnlySpan<byte> content) =>
        Map(kernel, content, LibC.PROT_READ | LibC.PROT_WRITE);

    public ReadOnlySpan<byte> Content => new((void*)Address, PageSize);

    public void Dispose()
    {
        Assert.Equal(0, _kernel.MUnmap(Address, 2 * PageSize));
        _backing.Dispose();
    }

    private static UserMemory Map(Kernel kernel, ReadOnlySpan<byte> content, int protection)
    {
        Memfd backing = Memfd.Create(kernel, "argument", PageSize);
        backing.Write(0, content);
        nint address = (nint)Refused.Not(kernel.MMap(2 * PageSize, protection, LibC.MAP_SHARED, backing.Handle, 0));
        return new UserMemory(kernel, backing, address);
    }
}

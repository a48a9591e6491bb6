using LuoInterop.Interop;
using Tmds.Linux;

namespace LuoInterop.Litmus.Operations;

/// <summary>Is where an ioctl's argument lies.</summary>
internal enum ArgumentPlace
{
    /// <summary>In writable memory, at whose end a page begins that nobody can touch.</summary>
    Writable,

    /// <summary>In memory that cannot be written.</summary>
    ReadOnly,

    /// <summary>At an address that nobody can touch.</summary>
    Unmapped,

    /// <summary>At address 0.</summary>
    Null,

    /// <summary>At an odd address.</summary>
    Odd,

    /// <summary>So that only the first four bytes are mapped.</summary>
    Cut,
}

/// <summary>Holds an ioctl's argument in pages of its own, before a page that nobody can touch.</summary>
internal sealed unsafe class UserPages : IDisposable
{
    private const int PageSize = 4096;

    private readonly byte* _pages;
    private readonly nuint _length;
    private readonly int _contentLength;
    private readonly ArgumentPlace _place;

    public UserPages(ReadOnlySpan<byte> content, ArgumentPlace place)
    {
        _place = place;
        _contentLength = content.Length;
        nuint usable = (nuint)(((content.Length + PageSize) & ~(PageSize - 1)) + PageSize);
        _length = usable + PageSize;

        // SAFETY: the mapping is this object's own; everything below stays inside its usable part.
        _pages = (byte*)LibC.mmap(null, (size_t)_length, LibC.PROT_READ | LibC.PROT_WRITE, LibC.MAP_PRIVATE | LibC.MAP_ANONYMOUS, -1, 0);
        if (_pages == LibC.MAP_FAILED)
        {
            throw new InvalidOperationException($"mmap of {_length} bytes failed with errno {-SystemCall.LastError}.");
        }

        byte* end = _pages + usable;
        byte* start = end - content.Length;
        switch (place)
        {
            case ArgumentPlace.Odd:
                start = _pages + 1;
                break;
            case ArgumentPlace.Cut:
                start = end - sizeof(uint);
                content = content[..sizeof(uint)];
                break;
        }

        content.CopyTo(new Span<byte>(start, content.Length));
        Check(SystemCall.Result(LibC.mprotect(end, PageSize, LibC.PROT_NONE)));
        if (place == ArgumentPlace.ReadOnly)
        {
            Check(SystemCall.Result(LibC.mprotect(_pages, (size_t)usable, LibC.PROT_READ)));
        }

        Address = place switch
        {
            ArgumentPlace.Null => 0,
            ArgumentPlace.Unmapped => (nint)end,
            _ => (nint)start,
        };
    }

    /// <summary>Gets the argument's address.</summary>
    public nint Address { get; }

    /// <summary>Gets the argument's bytes as they are now; empty where they are not all mapped.</summary>
    public ReadOnlySpan<byte> Content =>
        _place is ArgumentPlace.Writable or ArgumentPlace.ReadOnly or ArgumentPlace.Odd
            ? new ReadOnlySpan<byte>((void*)Address, _contentLength)
            : default;

    public void Dispose() => Check(SystemCall.Result(LibC.munmap(_pages, (size_t)_length)));

    private static void Check(int result)
    {
        if (result < 0)
        {
            throw new InvalidOperationException($"The memory of an argument cannot be set up: {(Errno)(-result)}.");
        }
    }
}

using System.Runtime.InteropServices.Marshalling;

namespace LuoInterop.Interop;

/// <summary>Is a string as a C function takes it: UTF-8 with a NUL. Allocates nothing for one that fits <see cref="OnStack"/>.</summary>
internal unsafe ref struct CString : IDisposable
{
    /// <summary>The bytes that the caller gives it on the stack.</summary>
    public const int OnStack = 256;

    private Utf8StringMarshaller.ManagedToUnmanagedIn _text;

    /// <param name="text">The string.</param>
    /// <param name="buffer">Memory of the caller's own stack, whose method outlives this.</param>
    public CString(string text, Span<byte> buffer) => _text.FromManaged(text, buffer);

    /// <summary>Gets the first byte. It is valid until <see cref="Dispose"/>.</summary>
    public byte* Pointer => _text.ToUnmanaged();

    public void Dispose() => _text.Free();
}

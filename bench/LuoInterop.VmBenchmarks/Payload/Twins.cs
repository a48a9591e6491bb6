using System.Runtime.InteropServices;
using System.Text;

namespace LuoInterop.VmBenchmarks;

/// <summary>Imports native/luo_twins.c: loops of calls made in C, each of which gives its nanoseconds or <c>-errno</c>.</summary>
/// <remarks>SAFETY, of every call here: the arrays that are passed hold as many elements as the count says,
/// and are pinned by the caller.</remarks>
internal static unsafe partial class Twins
{
    /// <summary>Bytes of a session's name in an array of names (LIVEUPDATE_SESSION_NAME_LENGTH).</summary>
    internal const int NameLength = 64;

    private const string Library = "luotwins";

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial ulong twin_cycles();

    [LibraryImport(Library)]
    internal static partial long twin_getppid(int n);

    [LibraryImport(Library)]
    internal static partial long twin_memfd_create(int n, int* fds);

    [LibraryImport(Library)]
    internal static partial long twin_memfd_size(int n, int* fds, long size);

    [LibraryImport(Library)]
    internal static partial long twin_memfd_seal(int n, int* fds, int seals);

    [LibraryImport(Library)]
    internal static partial long twin_memfd_map(int n, int* fds, long size);

    [LibraryImport(Library)]
    internal static partial long twin_close(int n, int* fds);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial long twin_open(string path, int* fd);

    [LibraryImport(Library)]
    internal static partial long twin_create_sessions(int device, int n, byte* names, int* fds);

    [LibraryImport(Library)]
    internal static partial long twin_retrieve_sessions(int device, int n, byte* names, int* fds);

    [LibraryImport(Library)]
    internal static partial long twin_preserve(int session, int n, int* fds, ulong token, int look);

    [LibraryImport(Library)]
    internal static partial long twin_retrieve(int session, int n, ulong token, int* fds);

    [LibraryImport(Library)]
    internal static partial long twin_finish(int n, int* sessions);

    [LibraryImport(Library)]
    internal static partial long twin_copy(byte* to, byte* from, long length);

    [LibraryImport(Library)]
    internal static partial long twin_fill(byte* address, long length);

    [LibraryImport(Library)]
    internal static partial long twin_check(byte* address, long length);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial long twin_save(string path, byte* address, long length);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial long twin_load(string path, byte* address, long length);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial long twin_jump(string mark);

    /// <summary>Gives what a call took, and throws where it failed.</summary>
    internal static long Took(long result, string call) =>
        result >= 0 ? result : throw new IOException($"{call} failed with {(Errno)(-result)}.");

    /// <summary>Lays names out as the kernel's structures hold them, zero-filled.</summary>
    internal static byte[] Names(ReadOnlySpan<string> names)
    {
        byte[] bytes = new byte[names.Length * NameLength];
        for (int i = 0; i < names.Length; i++)
        {
            Encoding.UTF8.GetBytes(names[i], bytes.AsSpan(i * NameLength, NameLength - 1));
        }

        return bytes;
    }
}

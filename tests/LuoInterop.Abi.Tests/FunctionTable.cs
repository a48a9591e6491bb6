using LuoInterop.Interop;

namespace LuoInterop.Abi.Tests;

/// <summary>Says how the C library declares an imported function.</summary>
/// <param name="Method">The method of <see cref="Libc"/>.</param>
/// <param name="Header">The C library's header.</param>
/// <param name="Returns">The C type that it returns.</param>
/// <param name="Parameters">The C types of the parameters that the prototype names.</param>
internal sealed record FunctionEntry(string Method, string Header, string Returns, params string[] Parameters)
{
    /// <summary>Gets the symbol, where it is not the method's name.</summary>
    public string? Symbol { get; init; }

    /// <summary>Gets the C types of the arguments that follow, if the prototype ends in an ellipsis; null if it does not.</summary>
    public IReadOnlyList<string>? Variadic { get; init; }

    /// <summary>Gets all C types, in the order of the managed parameters.</summary>
    public IEnumerable<string> Arguments => [.. Parameters, .. Variadic ?? []];
}

/// <summary>Maps every import to the C library's declaration of it.</summary>
internal static class FunctionTable
{
    public static IReadOnlyList<FunctionEntry> Functions { get; } =
    [
        new("open", "fcntl.h", "int", "const char *", "int") { Variadic = ["mode_t"] },
        new("close", "unistd.h", "int", "int"),
        new("ioctl", "sys/ioctl.h", "int", "int", "unsigned long") { Variadic = ["void *"] },
        new("fcntl", "fcntl.h", "int", "int", "int") { Variadic = ["long"] },
        new("memfd_create", "sys/mman.h", "int", "const char *", "unsigned int"),
        new("ftruncate", "unistd.h", "int", "int", "off_t"),
        new("fallocate", "fcntl.h", "int", "int", "int", "off_t", "off_t"),
        new("lseek", "unistd.h", "off_t", "int", "off_t", "int"),
        new("read", "unistd.h", "ssize_t", "int", "void *", "size_t"),
        new("write", "unistd.h", "ssize_t", "int", "const void *", "size_t"),
        new("pread", "unistd.h", "ssize_t", "int", "void *", "size_t", "off_t"),
        new("pwrite", "unistd.h", "ssize_t", "int", "const void *", "size_t", "off_t"),
        new("fchmod", "sys/stat.h", "int", "int", "mode_t"),
        new("statx", "sys/stat.h", "int", "int", "const char *", "int", "unsigned int", "struct statx *"),
        new("fstatfs", "sys/vfs.h", "int", "int", "struct statfs *"),
        new("readlink", "unistd.h", "ssize_t", "const char *", "char *", "size_t"),
        new("mmap", "sys/mman.h", "void *", "void *", "size_t", "int", "int", "int", "off_t"),
        new("munmap", "sys/mman.h", "int", "void *", "size_t"),
        new("madvise", "sys/mman.h", "int", "void *", "size_t", "int"),

        // Their arguments go to the kernel in registers, as longs.
        new("syscall_kexec_file_load", "unistd.h", "long", "long")
        {
            Symbol = "syscall",
            Variadic = ["long", "long", "unsigned long", "const char *", "unsigned long"],
        },
        new("syscall_reboot", "unistd.h", "long", "long")
        {
            Symbol = "syscall",
            Variadic = ["long", "long", "long", "void *"],
        },
    ];
}

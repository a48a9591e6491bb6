namespace LuoInterop.Abi.Tests;

/// <summary>Says how the C library declares a function that is called.</summary>
/// <param name="Symbol">The function.</param>
/// <param name="Header">The C library's header.</param>
/// <param name="Returns">The C type that it returns.</param>
/// <param name="Parameters">The C types of the parameters that the prototype names.</param>
internal sealed record FunctionEntry(string Symbol, string Header, string Returns, params string[] Parameters)
{
    /// <summary>Says whether the prototype ends in an ellipsis.</summary>
    public bool Variadic { get; init; }

    /// <summary>Gets the reason why errno is not saved: the function has no error; null if it has.</summary>
    public string? NeverFailsBecause { get; init; }
}

/// <summary>Maps every function that is called to the C library's declaration of it.</summary>
internal static class FunctionTable
{
    private const string TellsAlways = "it tells an identity, which is always there";

    /// <summary>Gets the libraries that are the project's own C code, built and compared with by bench, each with its reason.</summary>
    public static IReadOnlyDictionary<string, string> OwnLibraries { get; } = new Dictionary<string, string>
    {
        ["luotwins"] = "compiled from the project's own source, whose results the benchmark compares with the managed ones",
    };

    public static IReadOnlyList<FunctionEntry> Functions { get; } =
    [
        new("open", "fcntl.h", "int", "const char *", "int") { Variadic = true },
        new("close", "unistd.h", "int", "int"),
        new("dup2", "unistd.h", "int", "int", "int"),
        new("dup3", "unistd.h", "int", "int", "int", "int"),
        new("ioctl", "sys/ioctl.h", "int", "int", "unsigned long") { Variadic = true },
        new("fcntl", "fcntl.h", "int", "int", "int") { Variadic = true },
        new("memfd_create", "sys/mman.h", "int", "const char *", "unsigned int"),
        new("ftruncate", "unistd.h", "int", "int", "off_t"),
        new("fallocate", "fcntl.h", "int", "int", "int", "off_t", "off_t"),
        new("posix_fadvise", "fcntl.h", "int", "int", "off_t", "off_t", "int"),
        new("lseek", "unistd.h", "off_t", "int", "off_t", "int"),
        new("read", "unistd.h", "ssize_t", "int", "void *", "size_t"),
        new("write", "unistd.h", "ssize_t", "int", "const void *", "size_t"),
        new("pread", "unistd.h", "ssize_t", "int", "void *", "size_t", "off_t"),
        new("pwrite", "unistd.h", "ssize_t", "int", "const void *", "size_t", "off_t"),
        new("fchmod", "sys/stat.h", "int", "int", "mode_t"),
        new("statx", "sys/stat.h", "int", "int", "const char *", "int", "unsigned int", "struct statx *"),
        new("fstatfs", "sys/vfs.h", "int", "int", "struct statfs *"),
        new("readlink", "unistd.h", "ssize_t", "const char *", "char *", "size_t"),
        new("unlink", "unistd.h", "int", "const char *"),
        new("mmap", "sys/mman.h", "void *", "void *", "size_t", "int", "int", "int", "off_t"),
        new("munmap", "sys/mman.h", "int", "void *", "size_t"),
        new("mprotect", "sys/mman.h", "int", "void *", "size_t", "int"),
        new("madvise", "sys/mman.h", "int", "void *", "size_t", "int"),
        new("pipe2", "unistd.h", "int", "int *", "int"),
        new("eventfd", "sys/eventfd.h", "int", "unsigned int", "int"),
        new("socket", "sys/socket.h", "int", "int", "int", "int"),
        new("bind", "sys/socket.h", "int", "int", "const struct sockaddr *", "socklen_t"),
        new("listen", "sys/socket.h", "int", "int", "int"),
        new("connect", "sys/socket.h", "int", "int", "const struct sockaddr *", "socklen_t"),
        new("getsockname", "sys/socket.h", "int", "int", "struct sockaddr *", "socklen_t *"),
        new("epoll_create1", "sys/epoll.h", "int", "int"),
        new("execve", "unistd.h", "int", "const char *", "char *const *", "char *const *"),
        new("setsid", "unistd.h", "pid_t"),
        new("socketpair", "sys/socket.h", "int", "int", "int", "int", "int *"),
        new("sendmsg", "sys/socket.h", "ssize_t", "int", "const struct msghdr *", "int"),
        new("recvmsg", "sys/socket.h", "ssize_t", "int", "struct msghdr *", "int"),
        new("poll", "poll.h", "int", "struct pollfd *", "nfds_t", "int"),
        new("flock", "sys/file.h", "int", "int", "int"),
        new("prlimit", "sys/resource.h", "int", "pid_t", "enum __rlimit_resource", "const struct rlimit *", "struct rlimit *"),
        new(
            "process_vm_readv",
            "sys/uio.h",
            "ssize_t",
            "pid_t",
            "const struct iovec *",
            "unsigned long",
            "const struct iovec *",
            "unsigned long",
            "unsigned long"),
        new(
            "process_vm_writev",
            "sys/uio.h",
            "ssize_t",
            "pid_t",
            "const struct iovec *",
            "unsigned long",
            "const struct iovec *",
            "unsigned long",
            "unsigned long"),
        new("isatty", "unistd.h", "int", "int"),
        new("tcgetattr", "termios.h", "int", "int", "struct termios *"),
        new("tcsetattr", "termios.h", "int", "int", "int", "const struct termios *"),
        new("sigaction", "signal.h", "int", "int", "const struct sigaction *", "struct sigaction *"),
        new("tgkill", "signal.h", "int", "pid_t", "pid_t", "int"),
        new("kill", "signal.h", "int", "pid_t", "int"),
        new("getpid", "unistd.h", "pid_t") { NeverFailsBecause = TellsAlways },
        new("gettid", "unistd.h", "pid_t") { NeverFailsBecause = TellsAlways },
        new("getppid", "unistd.h", "pid_t") { NeverFailsBecause = TellsAlways },
        new("geteuid", "unistd.h", "uid_t") { NeverFailsBecause = TellsAlways },
        new("getegid", "unistd.h", "gid_t") { NeverFailsBecause = TellsAlways },
        new("setfsuid", "sys/fsuid.h", "int", "uid_t") { NeverFailsBecause = "it tells the user before, whether or not it changed" },

        // Its arguments go to the kernel in registers, as longs.
        new("syscall", "unistd.h", "long", "long") { Variadic = true },
    ];
}

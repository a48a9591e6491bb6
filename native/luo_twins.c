/*
 * The calls of the managed API as a C program makes them: each function makes a number of calls in a loop and gives the
 * nanoseconds that they took together, or -errno of the first that failed. bench/LuoInterop.VmBenchmarks loads this as a
 * shared library, so that both languages are measured in one process, boot and clock.
 *
 * Numbers and layouts are those of include/uapi/linux/liveupdate.h of Linux 7.3; the host's headers are older.
 */
#define _GNU_SOURCE
#include "luo_requests.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <linux/reboot.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

#define BLOCK (4L << 20)
#define PAGE 4096
#define PATTERN 0x9e3779b97f4a7c15ULL

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* The processor's own counter. It runs on across a kexec, which resets no processor: the one clock that survives. */
uint64_t twin_cycles(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    uint64_t count;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(count));
    return count;
#else
#error live update exists on x86-64 and arm64 only
#endif
}

int64_t twin_getppid(int n)
{
    int64_t start = now();
    for (int i = 0; i < n; i++)
        (void)getppid();
    return now() - start;
}

int64_t twin_memfd_create(int n, int *fds)
{
    int64_t start = now();
    for (int i = 0; i < n; i++) {
        fds[i] = memfd_create("bench", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
        if (fds[i] < 0)
            return -errno;
    }
    return now() - start;
}

int64_t twin_memfd_size(int n, const int *fds, int64_t size)
{
    int64_t start = now();
    for (int i = 0; i < n; i++)
        if (ftruncate(fds[i], size) < 0)
            return -errno;
    return now() - start;
}

int64_t twin_memfd_seal(int n, const int *fds, int seals)
{
    int64_t start = now();
    for (int i = 0; i < n; i++)
        if (fcntl(fds[i], F_ADD_SEALS, seals) < 0)
            return -errno;
    return now() - start;
}

int64_t twin_memfd_map(int n, const int *fds, int64_t size)
{
    int64_t start = now();
    for (int i = 0; i < n; i++) {
        void *address = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fds[i], 0);
        if (address == MAP_FAILED || munmap(address, size) < 0)
            return -errno;
    }
    return now() - start;
}

int64_t twin_close(int n, const int *fds)
{
    int64_t start = now();
    for (int i = 0; i < n; i++)
        if (close(fds[i]) < 0)
            return -errno;
    return now() - start;
}

/* The first open after a boot makes the kernel read what was handed over. */
int64_t twin_open(const char *path, int *fd)
{
    int64_t start = now();
    *fd = open(path, O_RDWR | O_CLOEXEC);
    return *fd < 0 ? -errno : now() - start;
}

static int64_t named(int device, unsigned long request, int n, const char (*names)[NAME_LENGTH], int *fds)
{
    int64_t start = now();
    for (int i = 0; i < n; i++) {
        struct named_session argument = { .size = sizeof(argument), .fd = -1 };
        memcpy(argument.name, names[i], NAME_LENGTH);
        if (ioctl(device, request, &argument) < 0)
            return -errno;
        fds[i] = argument.fd;
    }
    return now() - start;
}

int64_t twin_create_sessions(int device, int n, const char (*names)[NAME_LENGTH], int *fds)
{
    return named(device, CREATE_SESSION, n, names, fds);
}

int64_t twin_retrieve_sessions(int device, int n, const char (*names)[NAME_LENGTH], int *fds)
{
    return named(device, RETRIEVE_SESSION, n, names, fds);
}

/* With look, asks for the seals first, as a caller does who does not want a file back that is read-only for ever. */
int64_t twin_preserve(int session, int n, const int *fds, uint64_t token, int look)
{
    int64_t start = now();
    for (int i = 0; i < n; i++) {
        struct file_of_session argument = { .size = sizeof(argument), .fd = fds[i], .token = token + i };
        if (look && fcntl(fds[i], F_GET_SEALS) < 0)
            return -errno;
        if (ioctl(session, PRESERVE_FD, &argument) < 0)
            return -errno;
    }
    return now() - start;
}

int64_t twin_retrieve(int session, int n, uint64_t token, int *fds)
{
    int64_t start = now();
    for (int i = 0; i < n; i++) {
        struct file_of_session argument = { .size = sizeof(argument), .fd = -1, .token = token + i };
        if (ioctl(session, RETRIEVE_FD, &argument) < 0)
            return -errno;
        fds[i] = argument.fd;
    }
    return now() - start;
}

int64_t twin_finish(int n, const int *sessions)
{
    int64_t start = now();
    for (int i = 0; i < n; i++) {
        struct finish argument = { .size = sizeof(argument) };
        if (ioctl(sessions[i], FINISH, &argument) < 0)
            return -errno;
    }
    return now() - start;
}

int64_t twin_copy(void *to, const void *from, int64_t length)
{
    int64_t start = now();
    memcpy(to, from, length);
    return now() - start;
}

/* Touches every page, each with another word. */
int64_t twin_fill(unsigned char *address, int64_t length)
{
    int64_t start = now();
    for (int64_t at = 0; at < length; at += PAGE)
        *(uint64_t *)(address + at) = (uint64_t)at ^ PATTERN;
    return now() - start;
}

/* Looks at every page; -EIO where one does not hold what twin_fill stored. */
int64_t twin_check(const unsigned char *address, int64_t length)
{
    int64_t start = now();
    for (int64_t at = 0; at < length; at += PAGE)
        if (*(const uint64_t *)(address + at) != ((uint64_t)at ^ PATTERN))
            return -EIO;
    return now() - start;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Straight from the memory to the disk (O_DIRECT), and only done when the disk says that it has it. */
int64_t twin_save(const char *path, const unsigned char *address, int64_t length)
{
    int64_t start = now();
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_DIRECT);
    if (fd < 0)
        return -errno;
    int64_t at = 0;
    while (at < length) {
        ssize_t written = pwrite(fd, address + at, least(BLOCK, length - at), at);
        if (written <= 0)
            break;
        at += written;
    }
    int64_t result = at < length || fdatasync(fd) < 0 ? -(errno ? errno : EIO) : 0;
    close(fd);
    return result < 0 ? result : now() - start;
}

int64_t twin_load(const char *path, unsigned char *address, int64_t length)
{
    int64_t start = now();
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_DIRECT);
    if (fd < 0)
        return -errno;
    int64_t at = 0;
    while (at < length) {
        ssize_t got = pread(fd, address + at, least(BLOCK, length - at), at);
        if (got <= 0)
            break;
        at += got;
    }
    int64_t result = at < length ? -(errno ? errno : EIO) : 0;
    close(fd);
    return result < 0 ? result : now() - start;
}

/* Says on the console that, and at which cycle, the kernel is left, and leaves it. Returns only -errno. */
int64_t twin_jump(const char *mark)
{
    char line[256];
    int log = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
    if (log < 0)
        return -errno;
    /* Level 5 (notice) is also that of the kernel's own "Starting new kernel". */
    int length = snprintf(line, sizeof(line), "<5>%s %llu\n", mark, (unsigned long long)twin_cycles());
    if (write(log, line, length) != length)
        return -errno;
    syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, NULL);
    return -errno;
}

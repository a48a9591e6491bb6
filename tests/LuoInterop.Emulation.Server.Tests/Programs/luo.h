/* What the C programs of these tests share: calls of live update, and a jump. */
#define _GNU_SOURCE
#include "luo_requests.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Ends the program where a call has failed. */
static inline int must(long result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "%s: %s\n", what, strerror(errno));
        exit(1);
    }
    return (int)result;
}

/* Writes a line at once: the program may be killed at its next call. */
static inline void say(const char *line)
{
    dprintf(STDOUT_FILENO, "%s\n", line);
}

static inline int open_device(void) { return open("/dev/liveupdate", O_RDWR | O_CLOEXEC); }

static inline int session_call(int device, unsigned long request, const char *name)
{
    struct named_session call = { .size = sizeof(call) };
    memcpy(call.name, name, strnlen(name, sizeof(call.name) - 1));
    return ioctl(device, request, &call) < 0 ? -1 : call.fd;
}

static inline int create_session(int device, const char *name) { return session_call(device, CREATE_SESSION, name); }
static inline int retrieve_session(int device, const char *name) { return session_call(device, RETRIEVE_SESSION, name); }

static inline int preserve(int session, int fd, uint64_t token)
{
    struct file_of_session call = { .size = sizeof(call), .fd = fd, .token = token };
    return ioctl(session, PRESERVE_FD, &call);
}

static inline int retrieve(int session, uint64_t token)
{
    struct file_of_session call = { .size = sizeof(call), .token = token };
    return ioctl(session, RETRIEVE_FD, &call) < 0 ? -1 : call.fd;
}

static inline int finish(int session)
{
    struct finish call = { .size = sizeof(call) };
    return ioctl(session, FINISH, &call);
}

static inline int memory_file(const char *text)
{
    int fd = must(memfd_create("carried", MFD_ALLOW_SEALING | MFD_CLOEXEC), "memfd_create");
    must(write(fd, text, strlen(text)), "write");
    return fd;
}

static inline void read_line(char *line, size_t size)
{
    int fd = must(open("/proc/cmdline", O_RDONLY | O_CLOEXEC), "/proc/cmdline");
    int length = must(read(fd, line, size - 1), "/proc/cmdline");
    close(fd);
    line[length] = 0;
    line[strcspn(line, "\n")] = 0;
}

/* Which kernel runs: the last luo_stage= of its command line, 1 without one. */
static inline int stage(void)
{
    char line[4096], *found = line, *last = NULL;
    read_line(line, sizeof(line));
    while ((found = strstr(found, "luo_stage=")))
        last = found += strlen("luo_stage=");
    return last ? atoi(last) : 1;
}

static inline void load_kernel(int next)
{
    char line[4096 + 32];
    int kernel = must(open(getenv("LUO_KERNEL"), O_RDONLY | O_CLOEXEC), "LUO_KERNEL");
    read_line(line, 4096);
    sprintf(line + strlen(line), " luo_stage=%d", next);
    must(syscall(SYS_kexec_file_load, kernel, -1, strlen(line) + 1, line, KEXEC_FILE_NO_INITRAMFS), "kexec_file_load");
    close(kernel);
}

static inline void jump(void)
{
    must(syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, NULL), "reboot");
}

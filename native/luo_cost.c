/*
 * What live update costs a program: times its own calls, and prints nanoseconds.
 *
 *   luo_cost calls COUNT      a session's GET_NAME, and an ioctl that nobody traps, each COUNT times
 *   luo_cost plain COUNT      the latter alone, for where there is no device
 *   luo_cost sessions COUNT   creates COUNT sessions, and jumps into $LUO_KERNEL; in the next kernel takes all back, and finishes them
 *   luo_cost files COUNT      the same with a memory file in each
 *
 * bench/Programs.Benchmarks runs it on the emulated kernel. Numbers and layouts are those of include/uapi/linux/liveupdate.h of Linux 7.3.
 */
#define _GNU_SOURCE
#include "luo_requests.h"

#include <fcntl.h>
#include <linux/reboot.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void check(long result, const char *what)
{
    if (result < 0) {
        perror(what);
        exit(1);
    }
}

static int open_session(int device, unsigned long request, int number)
{
    struct named_session session = { .size = sizeof(session) };
    char *name = (char *)session.name;
    snprintf(name, sizeof(session.name), "session-%d", number);
    check(ioctl(device, request, &session), name);
    return session.fd;
}

static void time_others(int count)
{
    int ends[2], pending;
    check(pipe(ends), "pipe");
    double start = now();
    for (int i = 0; i < count; i++)
        check(ioctl(ends[0], FIONREAD, &pending), "FIONREAD");
    printf("other %.0f\n", (now() - start) / count);
}

static void time_calls(int device, int count)
{
    struct named_session name = { .size = sizeof(name) };
    int session = open_session(device, CREATE_SESSION, 0);
    double start = now();
    for (int i = 0; i < count; i++)
        check(ioctl(session, GET_NAME, &name), "GET_NAME");
    printf("answered %.0f\n", (now() - start) / count);
    time_others(count);
}

static void time_sessions(int device, int count, int hasFiles)
{
    char line[2048] = "";
    int fd = open("/proc/cmdline", O_RDONLY);
    check(read(fd, line, sizeof(line) - 1), "/proc/cmdline");
    line[strcspn(line, "\n")] = 0;
    int isSecond = strstr(line, "stage=2") != NULL;
    double start = now();
    for (int i = 0; i < count; i++) {
        struct file_of_session file = { .size = sizeof(file), .token = 1 };
        int session = open_session(device, isSecond ? RETRIEVE_SESSION : CREATE_SESSION, i);
        if (isSecond) {
            if (hasFiles) {
                check(ioctl(session, RETRIEVE_FD, &file), "RETRIEVE_FD");
                close(file.fd);
            }
            check(ioctl(session, FINISH, &(struct { uint32_t size, reserved; }){ 8, 0 }), "FINISH");
            close(session);
        } else if (hasFiles) {
            file.fd = memfd_create("cost", 0);
            check(ftruncate(file.fd, 4096), "ftruncate");
            check(ioctl(session, PRESERVE_FD, &file), "PRESERVE_FD");
            close(file.fd);
        }
    }
    printf("%s %.0f\n", isSecond ? "retrieve" : "preserve", (now() - start) / count);
    fflush(stdout);
    if (isSecond)
        return;
    close(device);
    strcat(line, " stage=2");
    int kernel = open(getenv("LUO_KERNEL"), O_RDONLY);
    check(syscall(SYS_kexec_file_load, kernel, -1, strlen(line) + 1, line, 4UL), "kexec_file_load");
    check(syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, NULL), "reboot");
}

int main(int argc, char **argv)
{
    struct rlimit files;
    if (argc != 3) {
        fprintf(stderr, "usage: luo_cost calls|plain|sessions|files COUNT\n");
        return 2;
    }
    if (strcmp(argv[1], "plain") == 0) {
        time_others(atoi(argv[2]));
        return 0;
    }
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    int device = open("/dev/liveupdate", O_RDWR);
    check(device, "/dev/liveupdate");
    if (strcmp(argv[1], "calls") == 0)
        time_calls(device, atoi(argv[2]));
    else
        time_sessions(device, atoi(argv[2]), strcmp(argv[1], "files") == 0);
    return 0;
}

/* A service that keeps a memfd in systemd's store of descriptors, in C and without a library, so that a test sees systemd alone.
 *
 *   keeper LOG          keeps a memfd named "count": each start adds one to the number in it and a line to LOG, then waits
 *   keeper LOG look     says what descriptors it was handed, with their names and links, stores nothing, and waits
 *
 * Under Type=notify it is ready once its descriptor is stored. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST_DESCRIPTOR 3

static void die(const char *step)
{
    fprintf(stderr, "keeper: %s: %s\n", step, strerror(errno));
    exit(1);
}

/* Sends one datagram to systemd, with a descriptor where fd is not negative. */
static void notify(const char *text, int fd)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (!path || strlen(path) >= sizeof(address.sun_path)) {
        errno = EINVAL;
        die("NOTIFY_SOCKET");
    }
    strcpy(address.sun_path, path);
    if (path[0] == '@')
        address.sun_path[0] = 0;
    struct iovec content = { (void *)(uintptr_t)text, strlen(text) };
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct msghdr message = { &address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path)), &content, 1, NULL, 0, 0 };
    if (fd >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof(control.room);
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
    }
    int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (s < 0 || sendmsg(s, &message, MSG_NOSIGNAL) < 0)
        die("notifying systemd");
    close(s);
}

/* Returns once systemd has taken all that was sent before. */
static void barrier(void)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        die("pipe");
    notify("BARRIER=1", ends[1]);
    close(ends[1]);
    struct pollfd p = { ends[0], 0, 0 };
    while (poll(&p, 1, -1) < 0)
        if (errno != EINTR)
            die("poll");
    close(ends[0]);
}

/* Descriptors that systemd handed to this process. */
static int handed(void)
{
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
    return pid && count && atoi(pid) == getpid() ? atoi(count) : 0;
}

/* Gives the first descriptor of a name, or -1. */
static int find(const char *name)
{
    const char *names = getenv("LISTEN_FDNAMES");
    for (int i = 0; names && i < handed(); i++) {
        size_t length = strcspn(names, ":");
        if (strlen(name) == length && strncmp(names, name, length) == 0)
            return FIRST_DESCRIPTOR + i;
        names += length + (names[length] == ':');
    }
    return -1;
}

static void count_start(FILE *log)
{
    unsigned long count = 0;
    int fd = find("count");
    if (fd < 0) {
        fd = memfd_create("count", MFD_CLOEXEC);
        if (fd < 0 || ftruncate(fd, 1 << 20) < 0)
            die("memfd");
        notify("FDSTORE=1\nFDNAME=count\nFDPOLL=0", fd);
        barrier();
    } else if (pread(fd, &count, sizeof(count), 0) != sizeof(count)) {
        die("reading the count");
    }
    count++;
    if (pwrite(fd, &count, sizeof(count), 0) != sizeof(count))
        die("writing the count");
    fprintf(log, "count %lu of %d descriptors, user %d, at most %s\n", count, handed(), (int)getuid(), getenv("FDSTORE") ?: "none");
}

static void look(FILE *log)
{
    char path[64], link[256];
    fprintf(log, "names '%s'\n", getenv("LISTEN_FDNAMES") ?: "");
    for (int i = 0; i < handed(); i++) {
        snprintf(path, sizeof(path), "/proc/self/fd/%d", FIRST_DESCRIPTOR + i);
        ssize_t n = readlink(path, link, sizeof(link) - 1);
        link[n > 0 ? n : 0] = 0;
        fprintf(log, "%d is %s\n", FIRST_DESCRIPTOR + i, link);
    }
}

int main(int argc, char **argv)
{
    FILE *log = argc > 1 ? fopen(argv[1], "a") : NULL;
    if (!log)
        die("opening the log");
    if (argc > 2)
        look(log);
    else
        count_start(log);
    if (fclose(log) != 0)
        die("writing the log");
    notify("READY=1", -1);
    for (;;)
        pause();
}

/* A service that keeps a memfd in systemd's store of descriptors, in C and without a library, so that a test sees systemd alone.
 *
 *   keeper LOG          keeps a memfd named "count": each start adds one to the number in it and a line to LOG, then waits
 *   keeper LOG look     says what descriptors it was handed, with their links, asks those that are sessions of LUO to preserve a memfd
 *                       with a number and to give the one before back, and waits
 *   keeper LOG finish   does the same, ends a session that gave something back, and removes it from the store
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
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST_DESCRIPTOR 3
#define TOKEN 7

/* From include/uapi/linux/liveupdate.h, which the host's headers need not have. */
#define SESSION_PRESERVE_FD _IO(0xBA, 0x40)
#define SESSION_RETRIEVE_FD _IO(0xBA, 0x41)
#define SESSION_FINISH _IO(0xBA, 0x42)
struct session_fd {
    uint32_t size;
    int32_t fd;
    uint64_t token;
};
struct session_finish {
    uint32_t size;
    uint32_t reserved;
};

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

static void preserve_number(FILE *log, int session, unsigned long number)
{
    int fd = memfd_create("number", MFD_CLOEXEC);
    struct session_fd request = { sizeof(request), fd, TOKEN };
    if (fd < 0 || write(fd, &number, sizeof(number)) != sizeof(number))
        die("memfd");
    if (ioctl(session, SESSION_PRESERVE_FD, &request) < 0)
        fprintf(log, " preserve %s", strerrorname_np(errno));
    else
        fprintf(log, " preserved %lu", number);
    close(fd);
}

/* Says whether the session gave a number. */
static int retrieve_number(FILE *log, int session)
{
    struct session_fd request = { sizeof(request), -1, TOKEN };
    unsigned long number = 0;
    if (ioctl(session, SESSION_RETRIEVE_FD, &request) < 0) {
        fprintf(log, " retrieve %s", strerrorname_np(errno));
        return 0;
    }
    if (pread(request.fd, &number, sizeof(number), 0) != sizeof(number))
        die("reading the number");
    fprintf(log, " retrieved %lu", number);
    close(request.fd);
    return 1;
}

static void look(FILE *log, int finishes)
{
    char path[64], link[256], name[256];
    const char *names = getenv("LISTEN_FDNAMES") ?: "";
    for (int i = 0; i < handed(); i++) {
        int fd = FIRST_DESCRIPTOR + i;
        size_t length = strcspn(names, ":");
        snprintf(name, sizeof(name), "%.*s", (int)length, names);
        names += length + (names[length] == ':');
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        ssize_t n = readlink(path, link, sizeof(link) - 1);
        link[n > 0 ? n : 0] = 0;
        fprintf(log, "%s is %s:", name, link);
        if (strncmp(link, "anon_inode:[luo_session] ", 25) == 0) {
            int gave = retrieve_number(log, fd);
            preserve_number(log, fd, (unsigned long)getpid());
            struct session_finish request = { sizeof(request), 0 };
            if (gave && finishes) {
                char text[300];
                fprintf(log, " finish %s", ioctl(fd, SESSION_FINISH, &request) < 0 ? strerrorname_np(errno) : "done");
                close(fd);
                snprintf(text, sizeof(text), "FDSTOREREMOVE=1\nFDNAME=%s", name);
                notify(text, -1);
                barrier();
            }
        }
        fprintf(log, "\n");
    }
    if (handed() == 0)
        fprintf(log, "nothing was handed over\n");
}

int main(int argc, char **argv)
{
    FILE *log = argc > 1 ? fopen(argv[1], "a") : NULL;
    if (!log)
        die("opening the log");
    if (argc > 2)
        look(log, strcmp(argv[2], "finish") == 0);
    else
        count_start(log);
    if (fclose(log) != 0)
        die("writing the log");
    notify("READY=1", -1);
    for (;;)
        pause();
}

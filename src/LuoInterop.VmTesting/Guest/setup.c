#include "setup.h"
#include "channel.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define PORT_LIMIT_MS 10000
#define RUN_FILE_MAX (1024 * 1024)
#define SHOWN_MAX 64

/* The port's device is named by the kernel; its own name is in sysfs. There is no udev here to link the two. */
static int link_port(const char *name)
{
    char path[300], found[64], link[96];
    DIR *ports = opendir("/sys/class/virtio-ports");
    if (!ports)
        return -1;
    errno = ENOENT;
    int result = -1;
    for (struct dirent *e; (e = readdir(ports));) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name", e->d_name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, found, sizeof(found) - 1);
        if (fd >= 0)
            close(fd);
        if (n <= 0)
            continue;
        found[n] = 0;
        found[strcspn(found, "\n")] = 0;
        if (strcmp(found, name) != 0)
            continue;
        snprintf(path, sizeof(path), "../%s", e->d_name);
        snprintf(link, sizeof(link), "/dev/virtio-ports/%s", name);
        result = symlink(path, link);
        break;
    }
    closedir(ports);
    return result;
}

static int wait_for_port(const char *name)
{
    for (int waited = 0; link_port(name) < 0; waited += 5) {
        if (errno != ENOENT || waited > PORT_LIMIT_MS)
            return -1;
        usleep(5000);
    }
    return 0;
}

static int raise_loopback(void)
{
    struct ifreq r = { .ifr_name = "lo" };
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (s < 0)
        return errno == EAFNOSUPPORT ? 0 : -1; /* a kernel without IPv4 has no loopback to raise */
    r.ifr_flags = IFF_UP | IFF_RUNNING;
    int result = ioctl(s, SIOCSIFFLAGS, &r);
    close(s);
    return result;
}

static int optional_mount(const char *type, const char *where)
{
    /* A kernel without it lacks the mount point as well. */
    return mount(type, where, type, 0, NULL) < 0 && errno != ENODEV && errno != ENOENT ? -1 : 0;
}

const char *setup_basics(void)
{
    if (mount("devtmpfs", "/dev", "devtmpfs", 0, NULL) < 0 && errno != EBUSY)
        return "mounting devtmpfs";
    if (mount("proc", "/proc", "proc", 0, NULL) < 0)
        return "mounting proc";
    if (mount("sysfs", "/sys", "sysfs", 0, NULL) < 0)
        return "mounting sysfs";
    if (optional_mount("debugfs", "/sys/kernel/debug") < 0)
        return "mounting debugfs";
    if (mkdir("/dev/shm", 01777) < 0 || mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") < 0)
        return "mounting /dev/shm";
    if (symlink("/proc/self/fd", "/dev/fd") < 0 || symlink("fd/0", "/dev/stdin") < 0 || symlink("fd/1", "/dev/stdout") < 0 ||
        symlink("fd/2", "/dev/stderr") < 0)
        return "linking /dev/fd";
    if (sethostname("luo", 3) < 0 || raise_loopback() < 0)
        return "naming the host and raising lo";
    if (mkdir("/dev/virtio-ports", 0755) < 0 || wait_for_port(INIT_PORT) < 0 || wait_for_port(REPORT_PORT) < 0)
        return "finding the virtio ports";
    return NULL;
}

int probe_only(void)
{
    char line[4096];
    int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, line, sizeof(line) - 1);
    if (fd >= 0)
        close(fd);
    line[n > 0 ? n : 0] = 0;
    return strstr(line, "luo.probe") != NULL;
}

static int append(char ***list, size_t *count, char *value)
{
    char **larger = realloc(*list, (*count + 2) * sizeof(char *));
    if (!larger)
        return -1;
    *list = larger;
    larger[(*count)++] = value;
    larger[*count] = NULL;
    return 0;
}

/* The strings of the payload point into the file's text, which lives as long as this process. */
int read_run_file(const char *path, struct payload *payload)
{
    size_t arguments = 0, environment = 0, shown = 0, memory = 0, used = 0;
    char *text = malloc(RUN_FILE_MAX + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (!text || fd < 0)
        return -1;
    for (ssize_t n; used < RUN_FILE_MAX && (n = read(fd, text + used, RUN_FILE_MAX - used)) != 0; used += (size_t)n)
        if (n < 0)
            return -1;
    close(fd);
    errno = EBADMSG;
    if (used == 0 || used == RUN_FILE_MAX || text[used - 1] != 0)
        return -1;
    for (char *at = text, *end = text + used; at < end;) {
        char *key = at, *value = key + strlen(key) + 1;
        if (value >= end)
            return -1;
        at = value + strlen(value) + 1;
        if (strcmp(key, "folder") == 0)
            payload->folder = value;
        else if (strcmp(key, "system") == 0)
            payload->system = value;
        else if (strcmp(key, "argument") == 0 ? append(&payload->arguments, &arguments, value)
                 : strcmp(key, "environment") == 0 ? append(&payload->environment, &environment, value)
                 : strcmp(key, "show") == 0 ? append(&payload->shown, &shown, value)
                 : strcmp(key, "memory") == 0 ? append(&payload->memory, &memory, value) : -1)
            return -1;
    }
    return payload->folder && arguments && shown <= SHOWN_MAX ? 0 : -1;
}

int make_folders(const char *path)
{
    char part[4096];
    for (size_t i = 1; path[i - 1]; i++) {
        if (i >= sizeof(part)) {
            errno = ENAMETOOLONG;
            return -1;
        }
        part[i - 1] = path[i - 1];
        part[i] = 0;
        if ((path[i] == '/' || path[i] == 0) && mkdir(part, 0755) < 0 && errno != EEXIST && errno != EROFS)
            return -1;
    }
    return 0;
}

static char *under_host(char *to, size_t room, const char *path)
{
    int n = snprintf(to, room, "/host%s", path);
    return n < 0 || (size_t)n >= room ? NULL : to;
}

const char *setup_shares(struct payload *payload)
{
    if (mount("host", "/host", "9p", MS_RDONLY, SHARE_OPTIONS) < 0)
        return "mounting the host's root over 9p";
    if (mount("luorun", "/luorun", "9p", MS_RDONLY, SHARE_OPTIONS) < 0)
        return "mounting the run folder over 9p";
    return read_run_file("/luorun/payload", payload) < 0 ? "reading the run file" : NULL;
}

const char *setup_payload_root(const struct payload *payload)
{
    static const char *const bound[] = { "/dev", "/proc", "/sys" };
    int shown[SHOWN_MAX];
    char path[4096], from[64];

    /* Held open before tmpfs covers them. */
    for (int i = 0; payload->shown && payload->shown[i]; i++)
        if (!under_host(path, sizeof(path), payload->shown[i]) || (shown[i] = open(path, O_PATH | O_CLOEXEC)) < 0)
            return payload->shown[i];
    for (int i = 0; i < 3; i++)
        if (mount(bound[i], under_host(path, sizeof(path), bound[i]), NULL, MS_BIND | MS_REC, NULL) < 0)
            return bound[i];
    if (mount("tmpfs", "/host/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") < 0)
        return "mounting a tmpfs on /tmp";
    if (mount("tmpfs", "/host/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") < 0 || mkdir("/host/run/luo", 0755) < 0 ||
        mount("/luorun", "/host/run/luo", NULL, MS_BIND, NULL) < 0)
        return "showing the run folder at /run/luo";
    for (int i = 0; payload->shown && payload->shown[i]; i++) {
        snprintf(from, sizeof(from), "/proc/self/fd/%d", shown[i]);
        if (make_folders(under_host(path, sizeof(path), payload->shown[i])) < 0 || mount(from, path, NULL, MS_BIND, NULL) < 0)
            return payload->shown[i];
        close(shown[i]);
    }
    for (int i = 0; payload->memory && payload->memory[i]; i++) {
        snprintf(from, sizeof(from), "/memory/%d", i);
        if (!under_host(path, sizeof(path), payload->memory[i]) || mount(from, path, NULL, MS_BIND, NULL) < 0)
            return payload->memory[i];
    }
    return NULL;
}

int enter_payload_root(const struct payload *payload)
{
    struct rlimit files = { 1048576, 1048576 };
    return setrlimit(RLIMIT_NOFILE, &files) < 0 || (!payload->system && chroot("/host") < 0) || chdir(payload->folder) < 0 ? -1 : 0;
}

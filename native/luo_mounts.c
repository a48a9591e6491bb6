/* The files of the emulated kernel, mounted over those of the host where only this program sees them. */
#define _GNU_SOURCE
#include "luo_mounts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where the new /dev is put together: a folder that every system has, and that comes back. */
#define WORKPLACE "/tmp"

int parse_mounts(const char *packet, size_t length, struct mounts *mounts)
{
    const char *end = packet + length, *at = packet;
    memset(mounts, 0, sizeof(*mounts));
    if (length < 7 || strcmp(packet, "mounts") != 0 || end[-1] != 0)
        return -1;
    at += 7;
    if (at == end)
        return 0;
    mounts->device = at;
    at += strlen(at) + 1;
    while (at < end) {
        const char *source = at, *target = source + strlen(source) + 1;
        if (target >= end || mounts->count == MOUNTS_MAX)
            return -1;
        mounts->binds[mounts->count].source = source;
        mounts->binds[mounts->count++].target = target;
        at = target + strlen(target) + 1;
    }
    return 0;
}

static int write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));
    int error = errno;
    if (fd >= 0)
        close(fd);
    errno = error;
    return n == (ssize_t)strlen(text) ? 0 : -1;
}

/* Root needs no user namespace, and keeps its rights without one. */
static const char *enter_namespace(void)
{
    char map[64];
    uid_t user = geteuid();
    gid_t group = getegid();
    if (unshare(CLONE_NEWNS) == 0)
        return NULL;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
        return "unshare";
    if (write_file("/proc/self/setgroups", "deny") < 0 && errno != ENOENT)
        return "/proc/self/setgroups";
    snprintf(map, sizeof(map), "%u %u 1", user, user);
    if (write_file("/proc/self/uid_map", map) < 0)
        return "/proc/self/uid_map";
    snprintf(map, sizeof(map), "%u %u 1", group, group);
    return write_file("/proc/self/gid_map", map) < 0 ? "/proc/self/gid_map" : NULL;
}

static int touch(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    return fd < 0 ? -1 : close(fd);
}

/* Shows an entry of a folder under another one. */
static int show(int folder, const char *from, const char *to, const char *name)
{
    char source[512], target[512], link[4096];
    struct stat status;
    snprintf(source, sizeof(source), "%s/%s", from, name);
    snprintf(target, sizeof(target), "%s/%s", to, name);
    if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -1;
    if (S_ISLNK(status.st_mode)) {
        ssize_t n = readlinkat(folder, name, link, sizeof(link) - 1);
        if (n < 0)
            return -1;
        link[n] = 0;
        return symlink(link, target);
    }
    if (S_ISDIR(status.st_mode) ? mkdir(target, 0755) < 0 : touch(target) < 0)
        return -1;
    return mount(source, target, NULL, MS_BIND | MS_REC, NULL);
}

/* Puts a folder together of what the parent of a path holds and of that path, and mounts it over the parent: the kernel's own file
   system for /dev takes no file of ours. */
static const char *add_node(const char *path)
{
    static char parent[256];
    char staged[512];
    const char *name = strrchr(path, '/') + 1;
    snprintf(parent, sizeof(parent), "%.*s", (int)(name - path - 1), path);
    DIR *folder = opendir(parent);
    if (!folder)
        return parent;
    if (mount("luo", WORKPLACE, "tmpfs", MS_NOSUID, "mode=0755") < 0)
        return "a tmpfs";
    for (struct dirent *entry; (entry = readdir(folder));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            show(dirfd(folder), parent, WORKPLACE, entry->d_name) < 0)
            return "a device";
    closedir(folder);
    snprintf(staged, sizeof(staged), WORKPLACE "/%s", name);
    if (touch(staged) < 0 || mount("/dev/null", staged, NULL, MS_BIND, NULL) < 0 ||
        mount(WORKPLACE, parent, NULL, MS_BIND | MS_REC, NULL) < 0)
        return path;
    return umount2(WORKPLACE, MNT_DETACH) < 0 ? WORKPLACE : NULL;
}

const char *mount_kernel_files(const struct mounts *mounts)
{
    char folder[4096];
    const char *step = getcwd(folder, sizeof(folder)) ? enter_namespace() : "the working folder";
    if (step)
        return step;
    if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
        return "/";
    if (*mounts->device) {
        step = access(mounts->device, F_OK) == 0
            ? mount("/dev/null", mounts->device, NULL, MS_BIND, NULL) < 0 ? mounts->device : NULL
            : add_node(mounts->device);
        if (step)
            return step;
    }
    for (size_t i = 0; i < mounts->count; i++)
        /* What this host's kernel does not have cannot be shown. */
        if (mount(mounts->binds[i].source, mounts->binds[i].target, NULL, MS_BIND, NULL) < 0 && errno != ENOENT && errno != ENOTDIR)
            return mounts->binds[i].target;
    return chdir(folder) < 0 ? "the working folder" : NULL;
}

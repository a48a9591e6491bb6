/* A root with a system of its own, such as systemd: its files are a share of this run, /usr is one of all runs. */
#include "system.h"
#include "setup.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOT "/root"

const char *start_system(const struct payload *payload)
{
    static const char *const moved[] = { "/dev", "/proc", "/sys", "/host" };
    static char *const environment[] = { "TERM=dumb", "SYSTEMD_COLORS=0", NULL };
    char from[4096], to[4096];

    if (mount("luoroot", ROOT, "9p", 0, SHARE_OPTIONS) < 0)
        return "mounting the run's root over 9p";
    if (mount("luousr", ROOT "/usr", "9p", MS_RDONLY, SHARE_OPTIONS) < 0)
        return "mounting /usr over 9p";
    if (mount("tmpfs", ROOT "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") < 0)
        return "mounting a tmpfs on /tmp";
    if (mount("tmpfs", ROOT "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") < 0 || mkdir(ROOT "/run/luo", 0755) < 0 ||
        mount("/luorun", ROOT "/run/luo", NULL, MS_MOVE, NULL) < 0)
        return "showing the run folder at /run/luo";
    for (int i = 0; payload->shown && payload->shown[i]; i++) {
        int source = snprintf(from, sizeof(from), "/host%s", payload->shown[i]);
        int target = snprintf(to, sizeof(to), ROOT "%s", payload->shown[i]);
        if (source < 0 || target < 0 || (size_t)source >= sizeof(from) || (size_t)target >= sizeof(to)) {
            errno = ENAMETOOLONG;
            return payload->shown[i];
        }
        if (make_folders(to) < 0 || mount(from, to, NULL, MS_BIND, NULL) < 0)
            return payload->shown[i];
    }
    for (size_t i = 0; i < sizeof(moved) / sizeof(moved[0]); i++) {
        snprintf(to, sizeof(to), ROOT "%s", moved[i]);
        if (mount(moved[i], to, NULL, MS_MOVE, NULL) < 0)
            return moved[i];
    }
    if (chdir(ROOT) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0)
        return "entering the run's root";
    char *arguments[] = { payload->system, NULL };
    execve(payload->system, arguments, environment);
    return payload->system;
}

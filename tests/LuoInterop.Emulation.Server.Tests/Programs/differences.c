/* Does what the emulated kernel cannot see, or sees otherwise: a line for each, with what came of it. */
#include "luo.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>

static void tell(const char *what, long result)
{
    printf("%s %s\n", what, result < 0 ? strerrorname_np(errno) : "0");
}

int main(void)
{
    char text[2048], path[64];
    struct stat status;
    int device = must(open_device(), "open");
    int session = must(create_session(device, "a"), "CREATE_SESSION");
    tell("late-open", open("/dev/liveupdate", O_RDONLY));
    fstat(session, &status);
    printf("status-of-a-session 0%o\n", status.st_mode);
    stat("/dev/liveupdate", &status);
    printf("device-node 0%o %u\n", status.st_mode, (unsigned)(status.st_rdev >> 8 & 0xfff));
    tell("write-to-a-session", write(session, text, 1));
    tell("other-ioctl", ioctl(device, 0x5413, text));
    snprintf(path, sizeof(path), "/proc/self/fd/%d", session);
    memset(text, 0, sizeof(text));
    syscall(SYS_readlink, path, text, 1023UL);
    printf("realpath %.6s\n", text);
    memset(text, 0, sizeof(text));
    syscall(SYS_readlink, path, text, 1024UL);
    printf("readlink %s\n", text);
    tell("kexec-load", syscall(SYS_kexec_load, 0UL, 1UL, text, 0UL));
    int place = open(path, O_PATH | O_CLOEXEC);
    tell("path-descriptors", fsync(place));
    close(device);
    device = open("/dev/liveupdate", O_WRONLY);
    tell("mmap-of-a-session", mmap(NULL, 4096, PROT_READ, MAP_SHARED, device, 0) == MAP_FAILED ? -1 : 0);
    struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = { 1, &allow };
    tell("seccomp-listener", syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
    int mode = prctl(PR_GET_SECCOMP, 0, 0, 0, 0);
    int strict = prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0);
    printf("seccomp-mode %d %s\n", mode, strict < 0 ? strerrorname_np(errno) : "0");
    return 0;
}

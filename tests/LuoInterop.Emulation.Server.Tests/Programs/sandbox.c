/* Has seccomp filters of its own beside live update, as a sandboxed program has. */
#include "expect.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ANSWER(with) BPF_STMT(BPF_RET | BPF_K, with)

/* Answers one call, where its second argument is a number if there is one, and leaves all others to the filters before. */
static struct sock_fprog filter(int call, int has_argument, unsigned argument, unsigned answer)
{
    static struct sock_filter steps[6];
    struct sock_filter all[] = {
        LOAD(nr),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 3),
        LOAD(args[1]),
        BPF_JUMP(BPF_JMP | (has_argument ? BPF_JEQ : BPF_JA) | BPF_K, has_argument ? argument : 0, 0, has_argument ? 1 : 0),
        ANSWER(answer),
        ANSWER(SECCOMP_RET_ALLOW),
    };
    memcpy(steps, all, sizeof(all));
    return (struct sock_fprog){ sizeof(steps) / sizeof(*steps), steps };
}

static int by_seccomp(struct sock_fprog program)
{
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

/* A process that its own filter kills while it holds a session. */
static int killed(int device)
{
    pid_t child = must(fork(), "fork");
    int status = 0;
    if (child == 0) {
        int session = must(create_session(device, "gone"), "CREATE_SESSION");
        must(by_seccomp(filter(SYS_ioctl, 1, PRESERVE_FD, SECCOMP_RET_KILL_PROCESS)), "seccomp");
        preserve(session, memory_file("text"), 1);
        _exit(0);
    }
    must(waitpid(child, &status, 0), "waitpid");
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

int main(void)
{
    int device = must(open_device(), "open");
    struct sock_fprog host_name = filter(SYS_sethostname, 0, 0, SECCOMP_RET_ERRNO | EXDEV);
    EXPECT(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &host_name, 0, 0), 0);
    EXPECT(sethostname("x", 1), EXDEV);
    int session = must(create_session(device, "sandboxed"), "CREATE_SESSION");
    EXPECT(preserve(session, memory_file("text"), 1), 0);

    EXPECT(killed(device) == SIGSYS ? 0 : -1, 0);
    EXPECT(create_session(device, "gone"), 0);

    /* What the program's filter answers never reaches the emulated kernel; what it allows still does. */
    EXPECT(by_seccomp(filter(SYS_ioctl, 1, PRESERVE_FD, SECCOMP_RET_ERRNO | EXDEV)), 0);
    EXPECT(preserve(session, memory_file("text"), 2), EXDEV);
    struct named_session name = { .size = sizeof(name) };
    EXPECT(ioctl(session, GET_NAME, &name), 0);
    EXPECT_TEXT((char *)name.name, "sandboxed");

    load_kernel(2);
    EXPECT(by_seccomp(filter(SYS_reboot, 0, 0, SECCOMP_RET_ERRNO | EXDEV)), 0);
    EXPECT(syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, NULL), EXDEV);
    return failures ? 1 : 0;
}
